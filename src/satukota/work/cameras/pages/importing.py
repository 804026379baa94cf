from django.http import HttpRequest, HttpResponse


def imports(request: HttpRequest) -> HttpResponse: raise NotImplementedError
template = onvif = batch = progress = refused = act = imports
