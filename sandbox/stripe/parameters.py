"""Which parameters each operation takes, as data: the names, kinds and words of API version 2026-10-28.endive.

Holds no behaviour. A starred name is required. `ANY` stands where Stripe knows the name and the stand-in does not look
inside. The contract suite compares this table with the types of the installed SDK.
"""

from __future__ import annotations

from sandbox.stripe.account_parameters import CONNECT_PARAMETERS
from sandbox.stripe.shapes import ANY, FLAG, INT, MAP, TEXT, Shape

Table = dict[str, Shape]

EXPAND: Table = {"expand": [TEXT]}
RANGE: Shape = (INT, {"gt": INT, "gte": INT, "lt": INT, "lte": INT})
PAGE: Table = {"limit": INT, "starting_after": TEXT, "ending_before": TEXT, **EXPAND}
OWNER: Table = {"customer": TEXT, "customer_account": TEXT}
METADATA: Shape = ("", MAP)
USAGE: Shape = ("off_session", "on_session")
REDISPLAY: Shape = ("always", "limited", "unspecified")
ON_OFF: Shape = ("disabled", "enabled")

ADDRESS: Table = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), TEXT)
SHIPPING: Table = {"address*": ADDRESS, "name*": TEXT, "phone": TEXT}
PARCEL: Table = {**SHIPPING, "carrier": TEXT, "tracking_number": TEXT}
BILLING: Table = {"address": ("", ADDRESS), "email": TEXT, "name": TEXT, "phone": TEXT, "tax_id": TEXT}

_OTHER_NAMES = (
    "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit bancontact billie bizum blik"
    " boleto cashapp crypto customer_balance eps fpx giropay grabpay ideal interac_present kakao_pay klarna konbini"
    " kr_card link mb_way mobilepay multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank payco paynow paypal"
    " paypay payto pix promptpay revolut_pay samsung_pay satispay scalapay sepa_debit sequra sofort sunbit swish twint"
    " upi wechat_pay zip"
)
_OTHER_METHODS = _OTHER_NAMES.split()
_SETUP_METHODS = "acss_debit amazon_pay bacs_debit bizum blik card_present klarna link paypal payto pix sepa_debit upi"
BANK_ACCOUNT: Table = {
    "account_holder_type": ("company", "individual"),
    "account_number": TEXT,
    "account_type": ("checking", "savings"),
    "financial_connections_account": TEXT,
    "routing_number": TEXT,
}
CARD: Table = {"cvc": TEXT, "exp_month": INT, "exp_year": INT, "networks": ANY, "number": TEXT, "token": TEXT}
METHOD_DATA: Table = {
    **dict.fromkeys(_OTHER_METHODS, ANY),
    "allow_redisplay": REDISPLAY,
    "billing_details": BILLING,
    "metadata": MAP,
    "radar_options": ANY,
    "type*": TEXT,
    "us_bank_account": BANK_ACCOUNT,
}
_CARD_OPTIONS: Table = {
    **dict.fromkeys(("installments", "mandate_options", "network", "three_d_secure"), ANY),
    "capture_method": ("", "manual"),
    "cvc_token": TEXT,
    "moto": FLAG,
    **dict.fromkeys(
        (
            "request_extended_authorization",
            "request_incremental_authorization",
            "request_multicapture",
            "request_overcapture",
        ),
        ("if_available", "never"),
    ),
    "request_three_d_secure": ("any", "automatic", "challenge"),
    "require_cvc_recollection": FLAG,
    "setup_credential_usage": ("installment", "recurring", "unscheduled"),
    "setup_future_usage": ("", "none", "off_session", "on_session"),
    "statement_descriptor_suffix_kana": TEXT,
    "statement_descriptor_suffix_kanji": TEXT,
    "stored_credential_usage": ("installment", "recurring", "unscheduled"),
}
_BANK_OPTIONS: Table = {
    "financial_connections": {
        "filters": {"account_subcategories": [("checking", "savings")]},
        "permissions": [("balances", "ownership", "payment_method", "transactions")],
        "prefetch": [("balances", "ownership", "transactions")],
        "return_url": TEXT,
    },
    "mandate_options": {"collection_method": ("", "paper")},
    "networks": {"requested": [("ach", "us_domestic_wire")]},
    "verification_method": ("automatic", "instant", "microdeposits"),
}
OPTIONS: Table = {
    **dict.fromkeys((*_OTHER_METHODS, "card_present"), ANY),
    "card": ("", _CARD_OPTIONS),
    "us_bank_account": (
        "",
        {
            **_BANK_OPTIONS,
            "setup_future_usage": ("", "none", "off_session", "on_session"),
            "target_date": TEXT,
            "transaction_purpose": ("", "goods", "other", "services", "unspecified"),
        },
    ),
}
SETUP_OPTIONS: Table = {
    **dict.fromkeys(_SETUP_METHODS.split(), ANY),
    "card": {
        **dict.fromkeys(("mandate_options", "network", "three_d_secure"), ANY),
        "moto": FLAG,
        "request_three_d_secure": ("any", "automatic", "challenge"),
        "setup_credential_usage": ("installment", "recurring", "unscheduled"),
    },
    "us_bank_account": _BANK_OPTIONS,
}
ACCEPTANCE: Table = {"accepted_at": INT, "offline": ANY, "type*": ("offline", "online")}
MANDATE_DATA: Shape = (
    "",
    {"customer_acceptance*": {**ACCEPTANCE, "online": {"ip_address*": TEXT, "user_agent*": TEXT}}},
)
CONFIRM_MANDATE_DATA: Shape = (
    "",
    {"customer_acceptance": {**ACCEPTANCE, "online": {"ip_address": TEXT, "user_agent": TEXT}}},
)

_INVOICE_SETTINGS: Table = {
    "custom_fields": ("", [{"name*": TEXT, "value*": TEXT}]),
    "default_payment_method": TEXT,
    "footer": TEXT,
    "rendering_options": ANY,
}
_CUSTOMER: Table = {
    "address": ("", ADDRESS),
    "balance": INT,
    **dict.fromkeys(("business_name", "description", "email", "individual_name", "invoice_prefix", "name"), TEXT),
    "cash_balance": ANY,
    "invoice_settings": _INVOICE_SETTINGS,
    "metadata": METADATA,
    "next_invoice_sequence": INT,
    "phone": TEXT,
    "preferred_locales": [TEXT],
    "shipping": ("", SHIPPING),
    "source": TEXT,
    "tax": ANY,
    "tax_exempt": ("", "exempt", "none", "reverse"),
    "validate": FLAG,
    **EXPAND,
}

_INTENT: Table = {
    "allowed_payment_method_types": [TEXT],
    "amount_details": ANY,
    "capture_method": ("automatic", "automatic_async", "manual"),
    "excluded_payment_method_types": ("", [TEXT]),
    "hooks": ANY,
    "payment_details": ANY,
    "payment_method": TEXT,
    "payment_method_data": METHOD_DATA,
    "payment_method_options": OPTIONS,
    "receipt_email": TEXT,
    "setup_future_usage": ("", *USAGE),
    "shipping": ("", PARCEL),
    **EXPAND,
}
_ATTEMPT: Table = {
    "confirmation_token": TEXT,
    "error_on_requires_action": FLAG,
    "mandate": TEXT,
    "off_session": (FLAG, "one_off", "recurring"),
    "radar_options": ANY,
    "return_url": TEXT,
    "use_stripe_sdk": FLAG,
}
_DESCRIPTION: Table = {
    **OWNER,
    **dict.fromkeys(
        (
            "description",
            "payment_method_configuration",
            "statement_descriptor",
            "statement_descriptor_suffix",
            "transfer_group",
        ),
        TEXT,
    ),
    "transfer_data": ANY,
}
_AUTOMATIC: Shape = {"allow_redirects": ("always", "never"), "enabled*": FLAG}
_SETUP: Table = {
    "allowed_payment_method_types": ("", [TEXT]),
    "excluded_payment_method_types": ("", [TEXT]),
    "attach_to_self": FLAG,
    **OWNER,
    "description": TEXT,
    "flow_directions": [("inbound", "outbound")],
    "payment_method": TEXT,
    "payment_method_configuration": TEXT,
    "payment_method_data": METHOD_DATA,
    "payment_method_options": SETUP_OPTIONS,
    **EXPAND,
}
_MICRODEPOSITS: Table = {"amounts": [INT], "descriptor_code": TEXT, **EXPAND}

_EVIDENCE_NAMES = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal"
    " customer_communication customer_email_address customer_name customer_purchase_ip customer_signature"
    " duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt"
    " refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
    " uncategorized_file uncategorized_text"
)
EVIDENCE_TEXTS = _EVIDENCE_NAMES.split()

_ELEMENT_FEATURES: Table = {
    "payment_method_allow_redisplay_filters": [REDISPLAY],
    "payment_method_redisplay": ON_OFF,
    "payment_method_redisplay_limit": INT,
    "payment_method_remove": ON_OFF,
    "payment_method_save": ON_OFF,
    "payment_method_save_usage": USAGE,
}
_ENABLED: Table = {"enabled*": FLAG}
_COMPONENTS: Table = {
    **dict.fromkeys(("active_entitlements", "buy_button", "customer_portal", "pricing_table"), _ENABLED),
    **{name: {**_ENABLED, "features": ANY} for name in ("customer_sheet", "mobile_payment_element")},
    "payment_element": {**_ENABLED, "features": _ELEMENT_FEATURES},
}

PARAMETERS: dict[str, Table] = {
    **CONNECT_PARAMETERS,
    "balance.retrieve": EXPAND,
    "balance_transactions.list": {
        **PAGE,
        "created": RANGE,
        "currency": TEXT,
        "payout": TEXT,
        "source": TEXT,
        "type": TEXT,
    },
    "balance_transactions.retrieve": EXPAND,
    "charges.list": {**PAGE, "created": RANGE, "customer": TEXT, "payment_intent": TEXT, "transfer_group": TEXT},
    "charges.retrieve": EXPAND,
    "charges.update": {
        **EXPAND,
        **dict.fromkeys(("customer", "description", "receipt_email", "transfer_group"), TEXT),
        "fraud_details": {"user_report*": ("", "fraudulent", "safe")},
        "metadata": METADATA,
        "shipping": PARCEL,
    },
    "confirmation_tokens.retrieve": EXPAND,
    "customer_sessions.create": {"components*": _COMPONENTS, **OWNER, **EXPAND},
    "customers.create": {
        **_CUSTOMER,
        "payment_method": TEXT,
        "tax_id_data": [{"type*": TEXT, "value*": TEXT}],
        "test_clock": TEXT,
    },
    "customers.delete": {},
    "customers.list": {**PAGE, "created": RANGE, "email": TEXT, "test_clock": TEXT},
    "customers.payment_methods.list": {**PAGE, "allow_redisplay": REDISPLAY, "type": TEXT},
    "customers.payment_methods.retrieve": EXPAND,
    "customers.retrieve": EXPAND,
    "customers.update": {**_CUSTOMER, "default_source": TEXT},
    "disputes.close": EXPAND,
    "disputes.list": {**PAGE, "created": RANGE, "charge": TEXT, "payment_intent": TEXT},
    "disputes.retrieve": EXPAND,
    "disputes.update": {
        **EXPAND,
        "evidence": {**dict.fromkeys(EVIDENCE_TEXTS, TEXT), "appeal": ANY, "enhanced_evidence": ANY},
        "intended_submission_method": ("manual", "prefer_manual", "prefer_smart_disputes", "smart_disputes"),
        "metadata": METADATA,
        "submit": FLAG,
    },
    "events.list": {**PAGE, "created": RANGE, "delivery_success": FLAG, "type": TEXT, "types": [TEXT]},
    "events.retrieve": EXPAND,
    "mandates.retrieve": EXPAND,
    "payment_intents.cancel": {
        **EXPAND,
        "cancellation_reason": ("abandoned", "duplicate", "fraudulent", "requested_by_customer"),
    },
    "payment_intents.capture": {
        **EXPAND,
        **dict.fromkeys(("amount_details", "hooks", "payment_details", "transfer_data"), ANY),
        **dict.fromkeys(("amount_to_capture", "application_fee_amount"), INT),
        "final_capture": FLAG,
        "metadata": METADATA,
        **dict.fromkeys(("statement_descriptor", "statement_descriptor_suffix"), TEXT),
    },
    "payment_intents.confirm": {
        **_INTENT,
        **_ATTEMPT,
        "amount_to_confirm": INT,
        "mandate_data": CONFIRM_MANDATE_DATA,
    },
    "payment_intents.create": {
        **_INTENT,
        **_ATTEMPT,
        **_DESCRIPTION,
        "amount*": INT,
        "application_fee_amount": INT,
        "automatic_payment_methods": _AUTOMATIC,
        "confirm": FLAG,
        "confirmation_method": ("automatic", "manual"),
        "currency*": TEXT,
        "excluded_payment_method_types": [TEXT],
        "mandate_data": MANDATE_DATA,
        "metadata": MAP,
        "on_behalf_of": TEXT,
        "setup_future_usage": USAGE,
        "shipping": PARCEL,
    },
    "payment_intents.list": {**PAGE, **OWNER, "created": RANGE},
    "payment_intents.retrieve": {"client_secret": TEXT, **EXPAND},
    "payment_intents.update": {
        **_INTENT,
        **_DESCRIPTION,
        "amount": INT,
        "application_fee_amount": ("", INT),
        "currency": TEXT,
        "metadata": METADATA,
    },
    "payment_intents.verify_microdeposits": _MICRODEPOSITS,
    "payment_methods.attach": {**OWNER, **EXPAND},
    "payment_methods.create": {
        **{name: kind for name, kind in METHOD_DATA.items() if name != "type*"},
        "card": CARD,
        "custom": ANY,
        "customer": TEXT,
        "payment_method": TEXT,
        "type": TEXT,
        **EXPAND,
    },
    "payment_methods.detach": EXPAND,
    "payment_methods.list": {**PAGE, **OWNER, "allow_redisplay": REDISPLAY, "type": TEXT},
    "payment_methods.retrieve": EXPAND,
    "payment_methods.update": {
        **EXPAND,
        "allow_redisplay": REDISPLAY,
        "billing_details": BILLING,
        "card": {"exp_month": INT, "exp_year": INT, "networks": ANY},
        "metadata": METADATA,
        "us_bank_account": {
            "account_holder_type": ("company", "individual"),
            "account_type": ("checking", "savings"),
        },
    },
    "payouts.cancel": EXPAND,
    "payouts.create": {
        **EXPAND,
        "amount*": INT,
        "currency*": TEXT,
        **dict.fromkeys(("description", "destination", "payout_method", "statement_descriptor"), TEXT),
        "metadata": MAP,
        "method": ("instant", "standard"),
        "source_type": ("bank_account", "card", "fpx"),
    },
    "payouts.list": {**PAGE, "arrival_date": RANGE, "created": RANGE, "destination": TEXT, "status": TEXT},
    "payouts.retrieve": EXPAND,
    "payouts.reverse": {**EXPAND, "metadata": MAP},
    "payouts.update": {**EXPAND, "metadata": METADATA},
    "radar.early_fraud_warnings.list": {**PAGE, "charge": TEXT, "created": RANGE, "payment_intent": TEXT},
    "radar.early_fraud_warnings.retrieve": EXPAND,
    "refunds.cancel": EXPAND,
    "refunds.create": {
        **EXPAND,
        "amount": INT,
        **dict.fromkeys(("charge", "currency", "customer", "instructions_email", "payment_intent"), TEXT),
        "metadata": METADATA,
        "origin": "customer_balance",
        "reason": ("duplicate", "fraudulent", "requested_by_customer"),
        "refund_application_fee": FLAG,
        "reverse_transfer": FLAG,
    },
    "refunds.list": {**PAGE, "created": RANGE, "charge": TEXT, "payment_intent": TEXT},
    "refunds.retrieve": EXPAND,
    "refunds.update": {**EXPAND, "metadata": METADATA},
    "setup_intents.cancel": {**EXPAND, "cancellation_reason": ("abandoned", "duplicate", "requested_by_customer")},
    "setup_intents.confirm": {
        "allowed_payment_method_types": [TEXT],
        "confirmation_token": TEXT,
        "mandate_data": CONFIRM_MANDATE_DATA,
        "payment_method": TEXT,
        "payment_method_data": METHOD_DATA,
        "payment_method_options": SETUP_OPTIONS,
        "return_url": TEXT,
        "use_stripe_sdk": FLAG,
        **EXPAND,
    },
    "setup_intents.create": {
        **_SETUP,
        "allowed_payment_method_types": [TEXT],
        "automatic_payment_methods": _AUTOMATIC,
        "confirm": FLAG,
        "confirmation_token": TEXT,
        "excluded_payment_method_types": [TEXT],
        "mandate_data": MANDATE_DATA,
        "metadata": MAP,
        "on_behalf_of": TEXT,
        "return_url": TEXT,
        "single_use": {"amount*": INT, "currency*": TEXT},
        "usage": USAGE,
        "use_stripe_sdk": FLAG,
    },
    "setup_intents.list": {**PAGE, **OWNER, "attach_to_self": FLAG, "created": RANGE, "payment_method": TEXT},
    "setup_intents.retrieve": {"client_secret": TEXT, **EXPAND},
    "setup_intents.update": {**_SETUP, "metadata": METADATA},
    "setup_intents.verify_microdeposits": _MICRODEPOSITS,
    "test_helpers.confirmation_tokens.create": {
        **EXPAND,
        "payment_method": TEXT,
        "payment_method_data": METHOD_DATA,
        "payment_method_options": ANY,
        "return_url": TEXT,
        "setup_future_usage": USAGE,
        "shipping": SHIPPING,
    },
    "test_helpers.refunds.expire": EXPAND,
    "webhook_endpoints.create": {
        **EXPAND,
        "api_version": TEXT,
        "connect": FLAG,
        "description": TEXT,
        "enabled_events*": [TEXT],
        "metadata": METADATA,
        "url*": TEXT,
    },
    "webhook_endpoints.delete": {},
    "webhook_endpoints.list": PAGE,
    "webhook_endpoints.retrieve": EXPAND,
    "webhook_endpoints.update": {
        **EXPAND,
        "description": TEXT,
        "disabled": FLAG,
        "enabled_events": [TEXT],
        "metadata": METADATA,
        "url": TEXT,
    },
}

# Known to Stripe, and refused by name: to accept them silently would tell a lie about money.
UNPLAYED = frozenset({"hooks", "on_behalf_of", "refund_application_fee", "reverse_transfer", "transfer_data"})
UNPLAYED_WORDS = {"confirmation_method": "manual"}
