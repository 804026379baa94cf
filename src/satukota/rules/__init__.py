"""Pure calculations of the city's work: no Django, no database, no network, no clock."""
