"""How well picture truth judges: rendered, filtered and real footage, counted in episodes."""
