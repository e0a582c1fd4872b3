"""The console: pages that the server draws, for people at a browser. htmx makes them nicer; without it everything works all the same."""
