"""Names of codes for people: what stands on the pages for statuses, bands, features, directions."""

from app.db.audit import Act


def N_(message: str) -> str:  # noqa: N802  # the name that extractors of catalogues know
    """Marks a text for the catalogues; it is translated where it is shown."""
    return message


STATUSES = {
    "submitted": N_("to be verified"),
    "verified": N_("verified"),
    "unclaimed": N_("unclaimed"),
    "suspended": N_("suspended"),
}
REVIEWS = {
    "pending": N_("pending"),
    "approved": N_("approved"),
    "rejected": N_("rejected"),
    "deferred": N_("deferred"),
    "withdrawn": N_("taken back"),
}
DECISIONS = {"approved": N_("Approve"), "rejected": N_("Reject"), "deferred": N_("Defer")}
REASONS = {
    "not_relevant": N_("not relevant"),
    "wrong_scale": N_("wrong scale"),
    "already_partners": N_("already partners"),
    "compliance": N_("compliance"),
    "capacity": N_("no capacity"),
    "other": N_("other"),
}
BANDS = {"strong": N_("strong"), "likely": N_("likely"), "possible": N_("possible"), "weak": N_("weak")}
SECTORS = {
    "mining": N_("Mining"),
    "it": N_("Information technology"),
    "energy": N_("Energy"),
    "agriculture": N_("Agriculture"),
    "logistics": N_("Transport and logistics"),
}
SIZES = {"micro": N_("micro"), "small": N_("small"), "medium": N_("medium"), "large": N_("large")}
SIDES = {"offer": N_("Offer"), "need": N_("Need")}
KINDS = {
    "goods": N_("goods"),
    "service": N_("service"),
    "investment": N_("investment"),
    "technology": N_("technology"),
    "partnership": N_("partnership"),
}
PERIODS = {
    "day": N_("day"),
    "week": N_("week"),
    "month": N_("month"),
    "quarter": N_("quarter"),
    "year": N_("year"),
}
COLUMNS = {
    "country": N_("Country"),
    "legal_name": N_("Legal name"),
    "trading_name": N_("Trading name"),
    "registration_number": N_("Registration number (BIN, RC)"),
    "sectors": N_("Sectors"),
    "region": N_("Region or state"),
    "city": N_("City"),
    "size": N_("Size"),
    "founded": N_("Year founded"),
    "languages": N_("Languages"),
    "website": N_("Website"),
    "summary": N_("About the firm"),
    "contact_name": N_("Contact person"),
    "contact_role": N_("Position of the contact person"),
    "contact_email": N_("E-mail address"),
    "contact_phone": N_("Telephone"),
    "offers": N_("What it offers: one per line or semicolon"),
    "needs": N_("What it needs: one per line or semicolon"),
    "side": N_("Offer or need"),
    "kind": N_("Kind: goods, service …"),
    "title": N_("Title of one listing"),
    "text": N_("Details of one listing"),
    "hs_codes": N_("HS codes"),
    "isic_codes": N_("ISIC codes"),
    "partnership": N_("Forms of partnership"),
    "volume_amount": N_("Volume"),
    "volume_unit": N_("Unit of the volume"),
    "volume_per": N_("Period of the volume"),
    "value_min": N_("Value from"),
    "value_max": N_("Value to"),
    "value_currency": N_("Currency"),
    "incoterms": N_("Delivery terms (Incoterms)"),
    "certificates": N_("Certificates"),
    "valid_until": N_("Valid until"),
}
"""Columns of lists that are imported."""
IMPORTS = {
    "uploaded": N_("columns to be confirmed"),
    "checking": N_("being checked"),
    "checked": N_("checked"),
    "waiting": N_("waiting"),
    "running": N_("being imported"),
    "done": N_("imported"),
    "stopped": N_("stopped"),
    "failed": N_("failed"),
}
OUTCOMES = {
    "added": N_("new"),
    "changed": N_("changed"),
    "unchanged": N_("unchanged"),
    "further": N_("more of a firm above"),
    "rejected": N_("faulty"),
}
WAYS = {"page": N_("on the page"), "api": N_("by a program"), "import": N_("entered by the council")}
"""How a firm's consent, or another ground, was recorded."""
BASES = {
    "consent": N_("Consent"),
    "legitimate_interest": N_("Held by the council's legitimate interest, without consent"),
    "public_task": N_("Held by the council's public task, without consent"),
    "published": N_("Held from published sources, without consent"),
    "objection": N_("Objection"),
}
ACTORS = {
    "command line": N_("command line"),
    "program": N_("the program itself"),
    "nobody": N_("nobody who is signed in"),
}
"""Who acts beside officers and firms."""
SUBJECTS = {
    "company": N_("Company"),
    "match": N_("Match"),
    "merge": N_("Merge"),
    "import": N_("List"),
    "staff": N_("Officer"),
    "token": N_("Token"),
    "session": N_("Session"),
    "register": N_("Register"),
}
ACTS: dict[Act, str] = {
    "company.changed": N_("Profile changed"),
    "company.verified": N_("Company verified"),
    "company.submitted": N_("Company set back to be verified"),
    "company.unclaimed": N_("Company set to unclaimed"),
    "company.suspended": N_("Company suspended"),
    "company.deleted": N_("Company removed"),
    "contact.seen": N_("Contact seen"),
    "match.approved": N_("Match approved"),
    "match.rejected": N_("Match rejected"),
    "match.deferred": N_("Match deferred"),
    "match.withdrawn": N_("Decision taken back"),
    "merge.made": N_("Companies merged"),
    "merge.undone": N_("Merge undone"),
    "duplicate.set_aside": N_("Found to be two companies"),
    "duplicate.taken_up": N_("Asked again whether they are one"),
    "import.uploaded": N_("List uploaded"),
    "import.columns_read": N_("Columns of a list set"),
    "import.started": N_("Import begun"),
    "import.stopped": N_("Import stopped"),
    "import.run": N_("Import done"),
    "import.forgotten": N_("List removed"),
    "export.made": N_("File taken along"),
    "staff.added": N_("Officer added"),
    "staff.role_changed": N_("Role changed"),
    "staff.kept_out": N_("Officer kept out"),
    "staff.let_in": N_("Officer let in again"),
    "staff.link_made": N_("Password link made"),
    "staff.code_forgotten": N_("Code of a lost phone ended"),
    "token.issued": N_("Token issued"),
    "token.ended": N_("Token ended"),
    "session.ended": N_("Session ended"),
    "sign_in": N_("Signed in"),
    "sign_in.failed": N_("Failed sign-ins"),
    "sign_out": N_("Signed out"),
    "password.set": N_("Password set by link"),
    "password.changed": N_("Password changed"),
    "password.wrong": N_("Wrong present password"),
    "code.on": N_("Codes turned on"),
    "code.off": N_("Codes turned off"),
    "statistics.refreshed": N_("Words counted anew"),
    "database.migrated": N_("Database migrated"),
    "backup.made": N_("Backup made"),
    "backup.restored": N_("Backup restored"),
    "keys.rotated": N_("Contacts encrypted anew"),
    "register.tidied": N_("Old data removed"),
}
ROLES = {"viewer": N_("viewer"), "reviewer": N_("reviewer"), "admin": N_("administrator")}
DIRECTIONS = {
    "they_supply": N_("{second} offers what {first} needs"),
    "we_supply": N_("{first} offers what {second} needs"),
    "same_trade": N_("Both are in the same trade"),
    "they_feed_our_trade": N_("What {second} offers is used in the trade of {first}"),
    "we_feed_their_trade": N_("What {first} offers is used in the trade of {second}"),
}
FEATURE_NAMES = {
    "bias": N_("Starting point"),
    "supplies_what_is_needed": N_("Supplies what it needs"),
    "needs_what_is_offered": N_("Needs what it offers"),
    "works_in_the_same_trade": N_("Works in the same trade"),
    "supplies_our_trade": N_("Supplies its trade"),
    "uses_what_we_supply": N_("Uses what it supplies"),
    "shares_a_field": N_("Shares a sector"),
    "volume_fits": N_("Volume fits"),
    "holds_required_certificates": N_("Holds required certificates"),
    "speaks_our_language": N_("Speaks its language"),
    "size_fits": N_("Size fits"),
    "profile_is_complete": N_("Profile of the other is complete"),
    "firm_is_verified": N_("The other is verified"),
}
MEANINGS = {
    "supplies_what_is_needed": N_("The other firm offers what this firm needs."),
    "needs_what_is_offered": N_("The other firm needs what this firm offers."),
    "works_in_the_same_trade": N_(
        "Both firms offer the same kind of thing: partners or subcontractors, even where neither named a need."
    ),
    "supplies_our_trade": N_(
        "The other firm offers what firms of this firm's trade use: materials, equipment or services."
    ),
    "uses_what_we_supply": N_("The other firm's trade uses what this firm offers."),
    "shares_a_field": N_(
        "The firms have a sector in common, or their listings meet or use one another although their sectors differ."
    ),
    "volume_fits": N_(
        "The quantity offered covers the quantity needed, in the pair of fitting listings where it does so best."
    ),
    "holds_required_certificates": N_(
        "The seller holds the certificates that the buyer requires, in the pair of fitting listings where it does best."
    ),
    "speaks_our_language": N_("The firms name a common language of business."),
    "size_fits": N_("The firms are of like size, so that neither is lost in the other's orders."),
    "profile_is_complete": N_("The other firm's profile is filled in."),
    "firm_is_verified": N_("The council has verified the other firm."),
}
"""The engine's own words on its features, where the catalogues find them; a test holds both alike."""
CLUES = {
    "same_number": N_("The same registration number"),
    "number_of_another_series": N_("The same digits in the number"),
    "numbers_one_digit_apart": N_("The numbers differ in one place"),
    "same_name": N_("The same name"),
    "name_alike": N_("Names that are alike"),
    "name_in_name": N_("One name within the other"),
    "same_email": N_("The same e-mail address"),
    "same_phone": N_("The same telephone number"),
    "same_domain": N_("The same internet domain"),
    "same_city": N_("The same town"),
    "other_number": N_("Against it: different registration numbers"),
}
CONTACT_CLUES = frozenset({"same_email", "same_phone"})
"""Clues whose values are contacts."""
LIKELY = {0.8: N_("very likely"), 0.6: N_("likely"), 0.0: N_("possible")}
"""Words for how probable it is that two entries are one firm, from which on each."""


def likely(probability: float) -> str:
    """The word for how probable it is that two entries are one firm."""
    return next(word for least, word in LIKELY.items() if probability >= least)
