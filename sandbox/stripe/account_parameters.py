"""Which parameters the operations of Connect take (accounts, links, domains, connected banks), as data in the manner of
`parameters`.

Holds no behaviour and imports shapes alone. The contract suite compares these tables with the types of the installed
SDK, as it does the others.
"""

from __future__ import annotations

from sandbox.stripe.shapes import ANY, FLAG, INT, MAP, TEXT, Shape

Table = dict[str, Shape]

_EXPAND: Table = {"expand": [TEXT]}
_PAGE: Table = {"limit": INT, "starting_after": TEXT, "ending_before": TEXT, **_EXPAND}
_RANGE: Shape = (INT, {"gt": INT, "gte": INT, "lt": INT, "lte": INT})
_ADDRESS: Table = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), TEXT)
_JAPANESE: Table = {**_ADDRESS, "town": TEXT}
_DATE: Shape = ("", {"day*": INT, "month*": INT, "year*": INT})
_SIGNED: Table = {"date": INT, "ip": TEXT, "user_agent": TEXT}
_SIDES: Table = {"back": TEXT, "front": TEXT}
_FILES: Table = {"files": [TEXT]}
_SIGNED_FILES: Table = {**_FILES, "signer": {"person": TEXT}}

_CAPABILITY_NAMES = (
    "acss_debit affirm afterpay_clearpay alma amazon_pay au_becs_debit bacs_debit bancontact bank_transfer billie bizum"
    " blik blik_recurring boleto card cartes_bancaires cashapp crypto eps fpx gb_bank_transfer giropay grabpay ideal"
    " india_international jcb jp_bank_transfer kakao_pay klarna konbini kr_card legacy link mb_way mobilepay multibanco"
    " mx_bank_transfer naver_pay nz_bank_account_becs_debit oxxo p24 pay_by_bank payco paynow paypay payto pix"
    " promptpay revolut_pay samsung_pay satispay scalapay sepa_bank_transfer sepa_debit sequra sofort sunbit swish"
    " twint upi us_bank_account_ach us_bank_transfer wero zip"
)
CAPABILITIES = (
    *(f"{name}_payments" for name in _CAPABILITY_NAMES.split()),
    "app_distribution",
    "card_issuing",
    "tax_reporting_us_1099_k",
    "tax_reporting_us_1099_misc",
    "transfers",
    "treasury",
)
_BUSINESS: Table = {
    "annual_revenue": {"amount*": INT, "currency*": TEXT, "fiscal_year_end*": TEXT},
    "estimated_worker_count": INT,
    "minority_owned_business_designation": [
        (
            "lgbtqi_owned_business",
            "minority_owned_business",
            "none_of_these_apply",
            "prefer_not_to_answer",
            "women_owned_business",
        )
    ],
    "monthly_estimated_revenue": {"amount*": INT, "currency*": TEXT},
    **dict.fromkeys(
        (
            "mcc",
            "name",
            "product_description",
            "specified_commercial_transactions_act_url",
            "support_email",
            "support_phone",
            "support_url",
            "url",
        ),
        TEXT,
    ),
    "support_address": _ADDRESS,
}
_COMPANY: Table = {
    **dict.fromkeys(("address", "administrative_address", "physical_address", "principal_place_of_business"), _ADDRESS),
    **dict.fromkeys(("address_kana", "address_kanji"), _JAPANESE),
    **dict.fromkeys(("directors_provided", "executives_provided", "owners_provided"), FLAG),
    **dict.fromkeys(("directorship_declaration", "ownership_declaration", "representative_declaration"), _SIGNED),
    **dict.fromkeys(
        (
            "export_license_id",
            "export_purpose_code",
            "name",
            "name_kana",
            "name_kanji",
            "phone",
            "registration_number",
            "structure",
            "tax_id",
            "tax_id_registrar",
            "vat_id",
        ),
        TEXT,
    ),
    "ownership_exemption_reason": (
        "",
        "qualified_entity_exceeds_ownership_threshold",
        "qualifies_as_financial_institution",
    ),
    "registration_date": _DATE,
    "verification": {"document": _SIDES},
}
_PERSON: Table = {
    **dict.fromkeys(("address", "registered_address"), _ADDRESS),
    **dict.fromkeys(("address_kana", "address_kanji"), _JAPANESE),
    "dob": _DATE,
    **dict.fromkeys(
        (
            "email",
            "first_name",
            "first_name_kana",
            "first_name_kanji",
            "gender",
            "id_number",
            "id_number_secondary",
            "last_name",
            "last_name_kana",
            "last_name_kanji",
            "maiden_name",
            "phone",
            "ssn_last_4",
        ),
        TEXT,
    ),
    "full_name_aliases": ("", [TEXT]),
    "metadata": ("", MAP),
    "political_exposure": ("existing", "none"),
    "relationship": {
        **dict.fromkeys(("director", "executive", "owner"), FLAG),
        "percent_ownership": ANY,  # a fraction, which nothing here computes with
        "title": TEXT,
    },
    "verification": {"additional_document": _SIDES, "document": _SIDES},
}
_DOCUMENTS: Table = {
    **dict.fromkeys(
        (
            "bank_account_ownership_verification",
            "company_license",
            "company_memorandum_of_association",
            "company_ministerial_decree",
            "company_registration_verification",
            "company_tax_id_verification",
            "proof_of_address",
            "proof_of_business_presence",
        ),
        _FILES,
    ),
    "proof_of_ultimate_beneficial_ownership": _SIGNED_FILES,
}
_WORKDAYS = ("friday", "monday", "thursday", "tuesday", "wednesday")
_SCHEDULE: Table = {
    "delay_days": ("minimum", INT),
    "interval": ("daily", "manual", "monthly", "weekly"),
    "monthly_anchor": INT,
    "monthly_payout_days": [INT],
    "weekly_anchor": (*_WORKDAYS, "saturday", "sunday"),
    "weekly_payout_days": [_WORKDAYS],
}
_SETTINGS: Table = {
    "bacs_debit_payments": {"display_name": TEXT},
    "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color"), TEXT),
    "card_issuing": {"tos_acceptance": _SIGNED},
    "card_payments": {
        "decline_on": {"avs_failure": FLAG, "cvc_failure": FLAG},
        **{f"statement_descriptor_prefix{end}": TEXT for end in ("", "_kana", "_kanji")},
    },
    "invoices": {"hosted_payment_method_save": ("always", "never", "offer")},
    "payments": {f"statement_descriptor{end}": TEXT for end in ("", "_kana", "_kanji")},
    "payouts": {"debit_negative_balances": FLAG, "schedule": _SCHEDULE, "statement_descriptor": TEXT},
    "paypay_payments": ANY,
    "sepa_debit_payments": {"creditor_id": TEXT},
    "treasury": {"tos_acceptance": _SIGNED},
}
_ACCOUNT: Table = {
    **_EXPAND,
    **dict.fromkeys(("account_token", "default_currency", "email"), TEXT),
    "business_profile": _BUSINESS,
    "business_type": ("company", "government_entity", "individual", "non_profit"),
    "capabilities": {name: {"requested": FLAG} for name in CAPABILITIES},
    "company": _COMPANY,
    "documents": _DOCUMENTS,
    "external_account": ANY,
    "groups": {"payments_pricing": TEXT},
    "individual": _PERSON,
    "metadata": ("", MAP),
    "settings": _SETTINGS,
    "tos_acceptance": {"date": INT, "ip": TEXT, "service_agreement": TEXT, "user_agent": TEXT},
}
_FOR_UPDATE: Table = {
    **_ACCOUNT,
    "documents": {**_DOCUMENTS, "proof_of_registration": _SIGNED_FILES},
    "settings": {
        **_SETTINGS,
        "invoices": {"default_account_tax_ids": ("", [TEXT]), **_SETTINGS["invoices"]},
    },
}
CONNECT_PARAMETERS: dict[str, Table] = {
    "account.retrieve": _EXPAND,
    "account_links.create": {
        **_EXPAND,
        "account*": TEXT,
        "collect": ("currently_due", "eventually_due"),
        "collection_options": {
            "fields": ("currently_due", "eventually_due"),
            "future_requirements": ("include", "omit"),
        },
        "refresh_url": TEXT,
        "return_url": TEXT,
        "type*": ("account_onboarding", "account_update"),
    },
    "accounts.create": {
        **_ACCOUNT,
        "controller": {
            "fees": {"payer": ("account", "application")},
            "losses": {"payments": ("application", "stripe")},
            "requirement_collection": ("application", "stripe"),
            "stripe_dashboard": {"type": ("express", "full", "none")},
        },
        "country": TEXT,
        "type": ("custom", "express", "standard"),
    },
    "accounts.list": {**_PAGE, "created": _RANGE},
    "accounts.retrieve": _EXPAND,
    "accounts.update": _FOR_UPDATE,
    "application_fees.list": {**_PAGE, "charge": TEXT, "created": _RANGE},
    "application_fees.retrieve": _EXPAND,
    "financial_connections.accounts.disconnect": _EXPAND,
    "financial_connections.accounts.list": {
        **_PAGE,
        "account_holder": dict.fromkeys(("account", "customer", "customer_account"), TEXT),
        "session": TEXT,
    },
    "financial_connections.accounts.retrieve": _EXPAND,
    "payment_method_domains.create": {**_EXPAND, "domain_name*": TEXT, "enabled": FLAG},
    "payment_method_domains.list": {**_PAGE, "domain_name": TEXT, "enabled": FLAG},
    "payment_method_domains.retrieve": _EXPAND,
    "payment_method_domains.update": {**_EXPAND, "enabled": FLAG},
    "payment_method_domains.validate": _EXPAND,
    "setup_attempts.list": {**_PAGE, "created": _RANGE, "setup_intent*": TEXT},
}
