"""Sign-in for applications that speak nothing: a proxy in front of them asks us about every request, and tells them who it is."""
