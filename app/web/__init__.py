"""What the API and the pages share: the service's parts as dependencies, limits of a request."""
