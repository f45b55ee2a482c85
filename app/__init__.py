"""The service: everything that knows HTTP, SQL, files, the network or the clock."""
