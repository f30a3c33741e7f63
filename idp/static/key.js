// Asks the browser for a passkey's signature, or for a new one, and sends the answer with the form that holds the button.
(function () {
  var box = document.getElementById('key'), without = document.getElementById('without-key');
  if (!box || !window.PublicKeyCredential || !navigator.credentials) return;
  var button = document.getElementById('use-key'), told = document.getElementById('key-told'), form = button.form;
  var make = box.getAttribute('data-make'), options = JSON.parse(make || box.getAttribute('data-ask')), stop, stopped;

  function bytes(text) {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), function (one) { return one.charCodeAt(0); });
  }
  function text(buffer) {
    return btoa(String.fromCharCode.apply(null, new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
  }
  function send(key) {
    var from = key.response, told = { clientDataJSON: text(from.clientDataJSON) };
    if (make) {
      told.attestationObject = text(from.attestationObject);
      told.transports = from.getTransports ? from.getTransports() : [];
    } else {
      told.authenticatorData = text(from.authenticatorData);
      told.signature = text(from.signature);
      told.userHandle = from.userHandle ? text(from.userHandle) : null;
    }
    form.elements.answer.value = JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response: told });
    form.action = button.formAction;
    form.submit();
  }
  function go() {
    return make ? navigator.credentials.create({ publicKey: options }) : navigator.credentials.get({ publicKey: options });
  }

  options.challenge = bytes(options.challenge);
  if (make) options.user.id = bytes(options.user.id);
  (options.allowCredentials || options.excludeCredentials).forEach(function (key) { key.id = bytes(key.id); });
  button.addEventListener('click', function (event) {
    event.preventDefault();
    told.hidden = true;
    if (stop) stop.abort();
    Promise.resolve(stopped).then(go).then(send, function () { told.hidden = false; });
  });
  box.hidden = false;
  if (without) without.hidden = true;
  // The browser offers passkeys where it offers usernames.
  if (box.hasAttribute('data-autofill') && PublicKeyCredential.isConditionalMediationAvailable) {
    PublicKeyCredential.isConditionalMediationAvailable().then(function (can) {
      if (!can) return;
      stop = new AbortController();
      stopped = navigator.credentials.get({ publicKey: options, mediation: 'conditional', signal: stop.signal }).then(send, function () {});
    });
  }
})();
