"""Errors for people: what happened and what to do now, in Indonesian, without blame and without a trace."""


class UserError(Exception):
    """Something a person can understand and mend. `text` says what happened, `fix` what to do, `code` what to quote."""

    code = "tidak_bisa"
    status = 422

    def __init__(self, text: str, *, fix: str = "", code: str = "") -> None:
        super().__init__(text)
        self.text = str(text)
        self.fix = str(fix)
        self.code = code or type(self).code


class AlreadyDone(UserError):
    """The act was done before, by the same or another person; doing it again changes nothing."""

    code = "sudah_dilakukan"
    status = 409


class NotAllowed(UserError):
    """The person is known but holds no duty for this act. Pages answer as for a missing thing."""

    code = "tidak_ditemukan"
    status = 404


class Missing(UserError):
    """No such thing, or one the person may not know of: the same answer for both."""

    code = "tidak_ditemukan"
    status = 404
