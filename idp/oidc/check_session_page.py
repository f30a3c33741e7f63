"""The page of /check_session: a script that needs nothing newer than a browser of 2012, SHA-256 by hand (FIPS 180-4 §6.2).

The browser's own digest is there on https only, and answers later, when the message may be forgotten.
"""

import base64
import hashlib

SCRIPT = """
(function () {
  function firstBits(root, wanted) {
    var found = [], n, d, prime;
    for (n = 2; found.length < wanted; n++) {
      prime = true;
      for (d = 2; d * d <= n; d++) if (n % d === 0) { prime = false; break; }
      if (prime) found.push(Math.floor((Math.pow(n, 1 / root) % 1) * 4294967296) | 0);
    }
    return found;
  }
  var K = firstBits(3, 64), START = firstBits(2, 8);
  function turn(x, n) { return (x >>> n) | (x << (32 - n)); }
  function sha256(text) {
    var words = [], length = text.length, hash = START.slice(0), i, j, w, s0, s1, v, t1, t2, hex = "";
    for (i = 0; i < length; i++) words[i >> 2] |= text.charCodeAt(i) << (24 - (i % 4) * 8);
    words[length >> 2] |= 0x80 << (24 - (length % 4) * 8);
    j = ((length + 8 >> 6) + 1) * 16;
    for (i = 0; i < j; i++) words[i] = words[i] | 0;
    words[j - 1] = length * 8;
    for (j = 0; j < words.length; j += 16) {
      w = words.slice(j, j + 16);
      v = hash.slice(0);
      for (i = 0; i < 64; i++) {
        if (i >= 16) {
          s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
          s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
          w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
        }
        s1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25);
        t1 = (v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i]) | 0;
        s0 = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22);
        t2 = (s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]))) | 0;
        v = [(t1 + t2) | 0, v[0], v[1], v[2], (v[3] + t1) | 0, v[4], v[5], v[6]];
      }
      for (i = 0; i < 8; i++) hash[i] = (hash[i] + v[i]) | 0;
    }
    for (i = 0; i < 8; i++) hex += ("0000000" + (hash[i] >>> 0).toString(16)).slice(-8);
    return hex;
  }
  function state() {
    var name = document.documentElement.getAttribute("data-cookie") + "=", all = document.cookie.split("; "), i;
    for (i = 0; i < all.length; i++) if (all[i].indexOf(name) === 0) return all[i].slice(name.length);
    return "";
  }
  function answer(event) {
    var parts = typeof event.data === "string" ? event.data.split(" ") : [], salt;
    if (parts.length !== 2 || !parts[0] || parts[1].length > 200) return "error";
    salt = parts[1].split(".")[1];
    if (!salt) return "error";
    return sha256(parts[0] + " " + event.origin + " " + state() + " " + salt) + "." + salt === parts[1] ? "unchanged" : "changed";
  }
  window.addEventListener("message", function (event) {
    if (event.source && event.source !== window && event.origin && event.origin !== "null") event.source.postMessage(answer(event), event.origin);
  }, false);
})();
"""
SCRIPT_HASH = "'sha256-" + base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode() + "'"
PAGE = (
    '<!doctype html>\n<html lang="vi" data-cookie="{cookie}"><head><meta charset="utf-8"><title>check_session</title></head>'
    f"<body><script>{SCRIPT}</script></body></html>\n"
)
