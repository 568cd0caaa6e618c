"""Programs of others that read bounces, and what they make of one: lists of
(recipient, action, reason), as far as a program tells these."""

import email
import json
import subprocess

import pytest

BOUNCEPARSER = """
use Mail::DeliveryStatus::BounceParser; use JSON::PP;
local $/; binmode STDIN; my $b = Mail::DeliveryStatus::BounceParser->new(<STDIN>);
print encode_json([map [$_->get("email"), $_->get("std_reason"), $_->get("reason")], $b->reports])
    if $b->is_bounce;
print "[]" unless $b->is_bounce;
"""

SISIMAI = """
use Sisimai; use JSON::PP;
local $/; binmode STDIN; my $text = <STDIN>;
my $found = Sisimai->make(\\$text, "delivered" => 1) || [];
print encode_json([map [$_->recipient->address, $_->action, $_->reason, $_->diagnosticcode,
                        $_->smtpagent], @$found]);
"""


def perl(script, module, text):
    if subprocess.run(["perl", "-M" + module, "-MJSON::PP", "-e1"],
                      stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no %s" % module)
    done = subprocess.run(["perl", "-e", script], input=text.encode("latin-1"),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 0, done.stderr
    return [tuple(found) for found in json.loads(done.stdout)]


def bounceparser(text):
    """Mail::DeliveryStatus::BounceParser: (recipient, reason as a word, reason)."""
    return perl(BOUNCEPARSER, "Mail::DeliveryStatus::BounceParser", text)


def sisimai(text):
    """Sisimai: (recipient, action, reason as a word, reason, whose form it is)."""
    return perl(SISIMAI, "Sisimai", text)


def flufl(text):
    """flufl.bounce, that of Mailman: sets (for now, for good)."""
    library = pytest.importorskip("flufl.bounce")
    message = email.message_from_bytes(text.encode("latin-1"))
    return tuple({address.decode() for address in found}
                 for found in library.all_failures(message))
