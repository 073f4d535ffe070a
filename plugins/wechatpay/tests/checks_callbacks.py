"""The checks of signatures, callbacks and the openid, and the scenarios that need each.

Each entry: where, what is there, what stands there instead, and the scenarios of which one must then fail.
"""

from plugins.wechatpay import keys, notifications, oauth, signing

IDLE = "if False:"

CHECKS = [
    (
        signing.check,
        "if not (timestamp and nonce and signature and serial):",
        IDLE,
        ["every_bad_callback_has_its_answer", "unproven_replies_say_why"],
    ),
    (
        signing.check,
        'if folded.get("wechatpay-signature-type", SCHEME) != SCHEME:',
        IDLE,
        ["other_signature_types_are_refused"],
    ),
    (signing.check, "name.lower(): value", "name: value", ["header_names_come_in_any_case"]),
    (
        signing.check,
        "if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):",
        IDLE,
        ["strange_timestamps_are_refused"],
    ),
    (
        signing.check,
        "if abs(now.timestamp() - int(timestamp)) > MAX_SKEW_SECONDS:",
        IDLE,
        ["old_and_future_callbacks_are_refused"],
    ),
    (
        signing.check,
        "abs(now.timestamp() - int(timestamp))",
        "now.timestamp() - int(timestamp)",
        ["old_and_future_callbacks_are_refused"],
    ),
    (
        signing.check,
        "if signature.startswith(PROBE_PREFIX):",
        IDLE,
        ["unproven_replies_say_why", "every_bad_callback_has_its_answer"],
    ),
    (
        signing.check,
        "except (binascii.Error, ValueError, InvalidSignature):",
        "except InvalidSignature:\n        return\n    except (binascii.Error, ValueError):",
        ["every_bad_callback_has_its_answer", "unproven_replies_say_why"],
    ),
    (
        signing.check,
        "lines(timestamp, nonce, body)",
        "lines(timestamp, nonce)",
        ["good_callback_becomes_a_fact"],
    ),
    (
        keys.PlatformKeys.find,
        "self._keys.get(serial)",
        "next(iter(self._keys.values()), None)",
        ["unproven_replies_say_why", "every_bad_callback_has_its_answer"],
    ),
    (notifications.parse, "if len(raw.body) > MAX_BODY:", IDLE, ["every_bad_callback_has_its_answer"]),
    (
        notifications.parse,
        "signing.check(raw.headers, raw.body, find_key=platform.find, now=raw.received_at)",
        "pass",
        ["every_bad_callback_has_its_answer", "old_and_future_callbacks_are_refused"],
    ),
    (
        notifications.parse,
        "if not (isinstance(event, str) and event and isinstance(notify_id, str) and notify_id):",
        IDLE,
        ["every_bad_callback_has_its_answer"],
    ),
    (
        notifications.parse,
        'if event != "TRANSACTION.SUCCESS":',
        IDLE,
        ["believed_but_wrong_facts_carry_the_channels_words"],
    ),
    (
        notifications.parse,
        "check_account(transaction, account)",
        "pass",
        ["every_bad_callback_has_its_answer", "partner_callback_names_both_merchants"],
    ),
    (
        notifications.parse,
        'if transaction.get("trade_state") not in PAID_STATES:',
        IDLE,
        ["every_bad_callback_has_its_answer"],
    ),
    (
        notifications.check_account,
        '"appid": account.appid',
        "",
        ["every_bad_callback_has_its_answer", "query_answered_for_another_merchant_is_not_believed"],
    ),
    (
        notifications.check_account,
        '"mchid": account.mchid, ',
        "",
        ["every_bad_callback_has_its_answer", "query_answered_for_another_merchant_is_not_believed"],
    ),
    (
        notifications.check_account,
        '"sub_mchid": account.sub_mchid, ',
        "",
        ["partner_callback_names_both_merchants"],
    ),
    (
        notifications._open,
        'envelope.get("resource_type") != "encrypt-resource" or ',
        "",
        ["every_bad_callback_has_its_answer"],
    ),
    (
        notifications._open,
        'if resource.get("algorithm") != "AEAD_AES_256_GCM":',
        IDLE,
        ["every_bad_callback_has_its_answer"],
    ),
    (
        notifications._open,
        "isinstance(nonce, str) and isinstance(ciphertext, str) and isinstance(associated_data, str)",
        "True",
        ["every_bad_callback_has_its_answer"],
    ),
    (
        notifications.read_fact,
        "if success_time else seen_at",
        "",
        ["callback_without_success_time_is_still_money"],
    ),
    (
        notifications.read_fact,
        '_text(transaction["transaction_id"])',
        'str(transaction.get("transaction_id"))',
        ["every_bad_callback_has_its_answer"],
    ),
    (
        notifications._object,
        "if not isinstance(data, dict):",
        IDLE,
        ["every_bad_callback_has_its_answer"],
    ),
    (oauth.OAuth.openid, "if response.status_code != 200:", IDLE, ["strange_oauth_answers_are_unknown"]),
    (oauth.OAuth.openid, "if not isinstance(data, dict):", IDLE, ["strange_oauth_answers_are_unknown"]),
    (oauth.OAuth.openid, "timeout=self.timeout,", "", ["every_call_has_time_outs"]),
    (oauth._read, "if errcode in _BUSY_ERRORS:", IDLE, ["strange_oauth_answers_are_unknown"]),
    (oauth._read, "if errcode:", IDLE, ["code_becomes_the_openid_once"]),
    (
        oauth._read,
        "if isinstance(openid, str) and openid:",
        "if True:",
        ["strange_oauth_answers_are_unknown"],
    ),
]
