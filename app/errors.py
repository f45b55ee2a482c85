"""Named failures with their status. ``detail`` is an English template for ``params``; texts translate it."""

from dataclasses import dataclass, field
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: JSON Pointer, stable code, English template and its values."""

    pointer: str
    code: str
    message: str
    params: dict[str, str] = field(default_factory=dict)


class Failure(Exception):
    """A request that cannot be done; becomes a problem document or a sentence on the command line."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "failure"
    title: ClassVar[str] = "The request cannot be done"
    retry_after: int | None = None
    """After how many seconds it may be tried again, where that helps."""

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = (), **params: str) -> None:
        super().__init__(detail.format(**params) if params else detail)
        self.detail = detail
        self.params = params
        self.errors = errors

    def again_after(self, seconds: int) -> Self:
        """The same, which says when to try again."""
        self.retry_after = seconds
        return self


class InputInvalid(Failure):
    """Fields that are wrong."""

    status = 422
    code = "input-invalid"
    title = "Some fields are wrong"


class CredentialsMissing(Failure):
    """Nobody said who they are."""

    status = 401
    code = "credentials-missing"
    title = "Sign in first"


class CredentialsInvalid(Failure):
    """A token that is not known."""

    status = 401
    code = "credentials-invalid"
    title = "The token is not valid"


class NotAllowed(Failure):
    """The caller is known and may not do this."""

    status = 403
    code = "not-allowed"
    title = "Not allowed"


class NotFound(Failure):
    """It does not exist, or is not the caller's to see."""

    status = 404
    code = "not-found"
    title = "Not found"


class RegistrationNumberTaken(Failure):
    """Another firm of the country has this number."""

    status = 409
    code = "registration-number-taken"
    title = "Already registered"


class TooManyTokens(Failure):
    """A firm or an officer holds as many valid tokens as one may."""

    status = 409
    code = "too-many-tokens"
    title = "There are too many tokens"


class NotMergeable(Failure):
    """Two companies that cannot become one."""

    status = 409
    code = "not-mergeable"
    title = "These two cannot be merged"


class NotUndoable(Failure):
    """A merge that cannot be taken back as things are now."""

    status = 409
    code = "not-undoable"
    title = "This merge cannot be undone now"


class TooManyAttempts(Failure):
    """Something was tried too often."""

    status = 429
    code = "too-many-attempts"
    title = "Too many attempts"


class TooManyRequests(Failure):
    """A network address or a company asks for more than its share."""

    status = 429
    code = "too-many-requests"
    title = "Too many requests"


class Overloaded(Failure):
    """More is asked for than can be answered in time."""

    status = 503
    code = "overloaded"
    title = "Too much is asked for at the moment"


class HostUnknown(Failure):
    """The service is not known by the name it was asked by."""

    code = "host-unknown"
    title = "This address is not served here"


class AddressTooLong(Failure):
    """More in the address than any of ours has."""

    status = 414
    code = "address-too-long"
    title = "The address is too long"


class HeadersTooLarge(Failure):
    """More in the headers than any request needs."""

    status = 431
    code = "headers-too-large"
    title = "The headers are too large"


class BodyTooLarge(Failure):
    """More in the body than is taken."""

    status = 413
    code = "body-too-large"
    title = "The body is too large"


class BodyTooSlow(Failure):
    """A body that did not arrive in time."""

    status = 408
    code = "body-too-slow"
    title = "The request took too long to arrive"


class NestedTooDeep(Failure):
    """JSON with more levels than any document of ours."""

    code = "nested-too-deep"
    title = "The body is nested too deep"


class LinkInvalid(Failure):
    """A sign-in link that was used, is too old, or never was."""

    status = 410
    code = "link-invalid"
    title = "The link does not work any more"


class AddressUnconfirmed(Failure):
    """A firm that has not confirmed its e-mail address."""

    status = 409
    code = "address-unconfirmed"
    title = "The e-mail address is not confirmed"


class ConsentWithdrawn(Failure):
    """A firm that withdrew its consent cannot be shown."""

    status = 409
    code = "consent-withdrawn"
    title = "Consent was withdrawn"


class VersionStale(Failure):
    """``If-Match`` names an older version."""

    status = 412
    code = "version-stale"
    title = "Changed in the meantime"


class VersionMissing(Failure):
    """``If-Match`` is required."""

    status = 428
    code = "version-missing"
    title = "If-Match is missing"


class CursorInvalid(Failure):
    """A cursor that this service did not make."""

    status = 400
    code = "cursor-invalid"
    title = "The cursor is not valid"


class IdempotencyKeyInvalid(Failure):
    """An ``Idempotency-Key`` that is none."""

    code = "idempotency-key-invalid"
    title = "The Idempotency-Key is not valid"


class IdempotencyKeyReused(Failure):
    """An ``Idempotency-Key`` that belongs to another request."""

    status = 422
    code = "idempotency-key-reused"
    title = "The Idempotency-Key was used for another request"


class RequestAtWork(Failure):
    """The same request is being worked on."""

    status = 409
    code = "request-at-work"
    title = "The same request is being worked on"


class MediaTypeUnknown(Failure):
    """A body of a kind that is not read here."""

    status = 415
    code = "media-type-unknown"
    title = "The body is not JSON"


class ContactsLocked(Failure):
    """Something is encrypted with a key that is not given."""

    status = 503
    code = "contacts-locked"
    title = "The contacts are locked"


class SecretUnreadable(Failure):
    """Something encrypted that was changed."""

    status = 500
    code = "secret-unreadable"
    title = "This cannot be read"


class FileUnreadable(Failure):
    """A file that cannot be read as what it should be."""

    code = "file-unreadable"
    title = "The file cannot be read"


class ImportNotReady(Failure):
    """An import is not in the state for this."""

    status = 409
    code = "import-not-ready"
    title = "Changed in the meantime"


class NotReady(Failure):
    """Something that the service needs is missing or too slow."""

    status = 503
    code = "not-ready"
    title = "Not ready"


class DatabaseBehind(Failure):
    """The database's tables are older than this program."""

    status = 503
    code = "database-behind"
    title = "The database must be migrated"
