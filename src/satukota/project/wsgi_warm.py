"""What the server of pages runs: the application, and beside its start everything a first page would wait for."""

from satukota.project import warming
from satukota.project.wsgi import application

__all__ = ["application"]

warming.start()
