"""Petitions that other systems send: as CloudEvents by HTTP or over a broker, exactly one case for each, whatever is sent twice."""
