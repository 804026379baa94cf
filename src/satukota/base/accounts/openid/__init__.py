"""How we speak OpenID Connect to the city's single sign-on: allauth's code flow, and the checks it leaves out."""
