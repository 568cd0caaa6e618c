# Angarium: build, install, test.  `make help` lists the goals.
#
# Everything made lies in build/.  conf-cc, conf-ld: the two tool chains;
# conf-qmail: where to install; conf-users: who plays which role.

# ---- what is built -------------------------------------------------------

# Programs by tool chain; each is src/ROOM/NAME.c, and *_PARTS lists the other
# files of the same room that belong to it.
HOT      := receive/qmail-smtpd receive/qmail-qmtpd receive/qmail-qmqpd \
            receive/ofmipd receive/tcp-env receive/greetdelay receive/proxyin \
            receive/offertls receive/qmail-authfilter receive/qmail-filters receive/qmail-milter receive/qmail-dnsbl keys/qmail-secretd \
            submit/qmail-inject submit/sendmail submit/qmail-qmqpc submit/new-inject \
            queue/qmail-queue queue/qmail-queued queue/qmail-clean \
            send/qmail-send send/qmail-todo \
            root/qmail-lspawn \
            remote/qmail-rspawn remote/qmail-remote \
            local/qmail-local local/maildirmake \
            filter/forward filter/preline filter/except filter/bouncesaying \
            filter/condredirect filter/qreceipt filter/dot-forward \
            filter/fastforward filter/predate filter/srsforward \
            filter/srsreverse \
            maildir/maildir2mbox maildir/maildirwatch \
            maildir/maildirdeliver \
            aliases/newaliases aliases/newinclude aliases/setforward \
            aliases/printforward aliases/setmaillist aliases/printmaillist \
            users/qmail-newmrh users/qmail-rcptd users/qmail-greyd users/ofmipname \
            users/qmail-newu users/qmail-pw2u \
            mess/822field mess/822header mess/822date mess/822received \
            mess/iftocc mess/822print \
            pop/qmail-popup pop/qmail-pop3d pop/pop-note pop/pop-relay \
            pop/qmail-newpop \
            login/qmail-authd \
            serial/setlock serial/maildirserial serial/serialsmtp \
            serial/serialqmtp \
            control/qmail-qctld control/qmail-qctl \
            admin/qmail-qread admin/qmail-showctl admin/splogger \
            admin/qmail-tcpto admin/qmail-tcpok admin/qmail-qfix \
            report/qmail-tlsrpt report/qmail-dmarcreport \
            logs/matchup logs/columnt logs/xsender logs/zoverall logs/qmail-log2json logs/qmail-trace logs/qmail-metrics logs/qmail-report \
            auth/qmail-dmarccheck auth/qmail-spfcheck
# Of these, those that live for a moment: their first memory is a static area.
SMALL    := ofmipd qmail-smtpd qmail-qmtpd qmail-qmqpd tcp-env greetdelay proxyin \
            offertls \
            qmail-inject sendmail qmail-queue qmail-remote \
            qmail-local qmail-popup qmail-pop3d pop-note pop-relay
ACCOUNTS := root/qmail-start users/qmail-getpw pop/checkpassword filter/qbiff \
            install/qmail-install
# Those that need OpenSSL; left out where it is missing.
TLS      := admin/qmail-dnsrecords auth/qmail-dkimverify auth/qmail-signd auth/qmail-verifyd \
            keys/qmail-dkimkey keys/qmail-dkimsignd keys/qmail-srs keys/qmail-srsd \
            sts/qmail-mtasts tls/qmail-tlsc tls/qmail-tlsd
# Shell scripts, src/ROOM/NAME.sh; @QMAIL@ in them is the folder of conf-qmail.
SCRIPTS  := admin/qmail-qstat admin/config admin/config-fast \
            serial/maildirsmtp serial/maildirqmtp \
            submit/datemail submit/mailsubj \
            maildir/elq maildir/pinq maildir/qail

# Names under which a program does something else: NAME=PROGRAM.
NAMES    := xrecipient=xsender xqp=xsender \
            $(addsuffix =zoverall,zddist zsuccesses zfailures zdeferrals \
            zrecipients zrhosts zrxdelay zsenders zsuids zsendmail \
            ddist successes failures deferrals recipients rhosts rxdelay \
            senders suids)

qmail-queue_PARTS  := intake
qmail-queued_PARTS := intake workers genuine
RECEIVE_PARTS      := policy receipt
qmail-smtpd_PARTS  := smtpd_reply smtpd_log smtpd_line smtpd_session smtpd_envelope \
                      smtpd_data smtpd_xclient smtpd_tls smtpd_auth \
                      smtpd_submit $(RECEIVE_PARTS)
qmail-qmtpd_PARTS  := qmtp $(RECEIVE_PARTS)
qmail-qmqpd_PARTS  := qmtp receipt
proxyin_PARTS      := environment
tcp-env_PARTS      := environment
offertls_PARTS     := environment
qmail-milter_PARTS := milter_talk milter_message
new-inject_PARTS   := new_inject_envelope
ofmipd_PARTS       := ofmip_message ofmip_reply
qmail-inject_PARTS := inject_config inject_address inject_header \
                      inject_additions inject_fail
qmail-send_PARTS   := controls times steps schedule slots nexthop life life_wait life_straight life_recipient life_end life_orphan \
                      arrivals cleaning scribing scribe scribe_controls scribe_mail scribe_copy scribe_patience scribe_report asked deliveries loading trouble jobs pass hops backlog links sendlog numbers orders
qmail-todo_PARTS   := todo_sort todo_say trouble numbers
qmail-remote_PARTS := remote_hosts remote_sign remote_session remote_smtp remote_qmtp \
                      remote_envelope remote_message remote_tls \
                      remote_tls_policy remote_end
822field_PARTS     := mess_input
822header_PARTS    := mess_input
822date_PARTS      := mess_input
822received_PARTS  := mess_input
iftocc_PARTS       := mess_input
maildirserial_PARTS := serial_message serial_bounce
serialsmtp_PARTS   := serial_message serial_result
serialqmtp_PARTS   := serial_message serial_result
qmail-pw2u_PARTS   := pw2u
qmail-qctl_PARTS   := control request selection message list stat figures
qmail-qctld_PARTS  := qctld_serve changes act redirect $(qmail-qctl_PARTS)
matchup_PARTS      := open outcome
columnt_PARTS      := columns
xsender_PARTS      := outcome
qmail-log2json_PARTS := entry
qmail-trace_PARTS  := trace tale word logset entry open
qmail-report_PARTS := page survey metrics tally counting rows logset entry \
                      open order
qmail-metrics_PARTS := metrics tally counting growth progress gauges httpget \
                      logset entry open order
zoverall_PARTS     := reports overall rows order columns outcome
REPORT_PARTS       := logcount reporting reportask reportmail reportrun
qmail-dmarcreport_PARTS := dmarcreport_count dmarcreport_text $(REPORT_PARTS)
qmail-tlsrpt_PARTS := tlsrpt_count tlsrpt_text $(REPORT_PARTS)
qmail-secretd_PARTS := secret_file secret_login
qmail-srsd_PARTS   := srs_settings srs_digest
qmail-dkimsignd_PARTS := dkim_keys
qmail-dkimkey_PARTS := dkim_keys
qmail-srs_PARTS    := srs_settings srs_digest
qmail-dmarccheck_PARTS := settings
qmail-spfcheck_PARTS := settings spf spf_client
qmail-rcptd_PARTS  := rcptd_clients rcptd_known
qmail-greyd_PARTS  := greytable
qmail-local_PARTS  := local_end local_resident local_follow local_message local_rules local_maildir local_mbox local_program local_forward maildir
maildirmake_PARTS  := maildir
forward_PARTS      := filter
preline_PARTS      := filter
except_PARTS       := filter
bouncesaying_PARTS := filter
condredirect_PARTS := filter
qreceipt_PARTS     := filter
dot-forward_PARTS  := filter
predate_PARTS      := filter
srsforward_PARTS   := filter
srsreverse_PARTS   := filter
maildirdeliver_PARTS := quota
fastforward_PARTS  := filter fastforward_expand
newaliases_PARTS   := tool
newinclude_PARTS   := tool
setforward_PARTS   := tool
printforward_PARTS := tool
setmaillist_PARTS  := tool
printmaillist_PARTS := tool
qmail-popup_PARTS  := popup_hear
qmail-authd_PARTS  := authd_clients authd_check tries known sends keep
pop-note_PARTS     := note
pop-relay_PARTS    := note
qmail-dnsrecords_PARTS := zone_facts zone_key zone_text zone_print zone_check zone_judge
qmail-qfix_PARTS   := qfix_say qfix_rights qfix_walk qfix_gate qfix_folders \
                      qfix_fixed qfix_files qfix_envelope
qmail-pop3d_PARTS  := pop3d_session pop3d_end maildrop maildrop_files records
checkpassword_PARTS := owner
qmail-install_PARTS := condition items strangers
qmail-tlsd_PARTS   := tls_daemon tls_files tls_serve tls_contexts tls_warm tls_tunnel
qmail-tlsc_PARTS   := tls_daemon tls_files tls_serve tls_authorities tls_warm \
                      tls_tunnel tls_judge
qmail-mtasts_PARTS := sts_serve sts_cache sts_log sts_look
qmail-dkimverify_PARTS := dkim_verify dkim_crypto
qmail-verifyd_PARTS := message_check reportline author settings spf spf_client dkim_verify dkim_crypto
qmail-signd_PARTS  := author dkim_sign dkim_crypto
# What programs of the second and the third kind need beside the C library.
checkpassword_LIBS := -lcrypt
qmail-dkimverify_LIBS := -lcrypto
qmail-verifyd_LIBS := -lcrypto
qmail-signd_LIBS   := -lcrypto
TLS_LIBS := -lssl -lcrypto

LAYERS   := base sys mail config net queue

# ---- tools ---------------------------------------------------------------

SHELL    := /bin/sh
PREFIX   := $(shell head -n 1 conf-qmail)
line      = $(shell sed -n $(2)p $(1))
HOT_CC   := $(call line,conf-cc,1)
HOT_LD   := $(call line,conf-ld,1)
ACC_CC   := $(call line,conf-cc,2)
ACC_LD   := $(call line,conf-ld,2)
TLS_CC   := $(call line,conf-cc,3)
TLS_LD   := $(call line,conf-ld,3)
HAVE_TLS := $(shell $(TLS_CC) -E -include openssl/ssl.h -x c /dev/null \
            >/dev/null 2>&1 && echo yes)
ifeq ($(HAVE_TLS),)
TLS      :=
endif
ifeq ($(shell command -v $(firstword $(HOT_CC))),)
MISSING  := $(firstword $(HOT_CC))
HOT_CC   := $(ACC_CC)
HOT_LD   := $(ACC_LD)
endif

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wold-style-definition -Wvla -Wwrite-strings
ifdef CI
WARNINGS += -Werror
endif
B        := build
CPPFLAGS := -D_POSIX_C_SOURCE=200809L -iquote src/lib -iquote $(B)/gen
CFLAGS   := $(WARNINGS) -ffile-prefix-map=$(CURDIR)/=

# ---- what follows from that ----------------------------------------------

AREA     := lib/base/area
LIB_C    := $(filter-out src/$(AREA).c,$(wildcard $(LAYERS:%=src/lib/%/*.c)))
LIB_O    := $(LIB_C:src/%.c=%.o)
name      = $(notdir $(1))
parts     = $(1) $(addprefix $(dir $(1)),$($(call name,$(1))_PARTS))
objects   = $(patsubst %,$(B)/$(1)/%.o,$(call parts,$(2)))
named     = $(word $(1),$(subst =, ,$(2)))
BINARIES := $(addprefix $(B)/bin/,$(notdir $(HOT) $(ACCOUNTS) $(TLS) $(SCRIPTS)) \
            $(foreach n,$(NAMES),$(call named,1,$(n))))
CONF_H   := $(B)/gen/home_conf.h

.PHONY: all clean
.SECONDARY:
all: $(BINARIES)
ifdef MISSING
	@echo '$(MISSING) is missing: all programs were built with $(firstword $(ACC_CC)), and start slower'
endif
ifeq ($(HAVE_TLS),)
	@echo 'OpenSSL is missing (libssl-dev): built without qmail-tlsd, qmail-tlsc and qmail-mtasts, so without TLS, and without qmail-srsd, qmail-srs, qmail-dkimverify, qmail-verifyd, qmail-signd, qmail-dkimkey, qmail-dkimsignd and qmail-dnsrecords'
endif

# Only sys may use what POSIX does not have.
$(B)/hot/lib/sys/%.o $(B)/acc/lib/sys/%.o: CPPFLAGS += -D_GNU_SOURCE

$(B)/hot/%.o: src/%.c $(CONF_H) conf-cc
	@mkdir -p $(@D)
	$(HOT_CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/acc/%.o: src/%.c $(CONF_H) conf-cc
	@mkdir -p $(@D)
	$(ACC_CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tls/%.o: src/%.c $(CONF_H) conf-cc
	@mkdir -p $(@D)
	$(TLS_CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%/lib.a: $(addprefix $(B)/%/,$(LIB_O))
	@rm -f $@
	ar crsD $@ $^

area      = $(if $(filter $(SMALL),$(call name,$(1))),$(B)/hot/$(AREA).o)
define hot_program
$(B)/bin/$(call name,$(1)): $(call objects,hot,$(1)) $(call area,$(1)) \
    $(B)/hot/lib.a conf-ld
	@mkdir -p $$(@D)
	$(HOT_LD) -o $$@ $(call objects,hot,$(1)) $(call area,$(1)) \
	    $(B)/hot/lib.a
endef
define acc_program
$(B)/bin/$(call name,$(1)): $(call objects,acc,$(1)) $(B)/acc/lib.a conf-ld
	@mkdir -p $$(@D)
	$(ACC_LD) -o $$@ $(call objects,acc,$(1)) $(B)/acc/lib.a \
	    $($(call name,$(1))_LIBS)
endef
define tls_program
$(B)/bin/$(call name,$(1)): $(call objects,tls,$(1)) $(B)/acc/lib.a conf-ld
	@mkdir -p $$(@D)
	$(TLS_LD) -o $$@ $(call objects,tls,$(1)) $(B)/acc/lib.a \
	    $(or $($(call name,$(1))_LIBS),$(TLS_LIBS))
endef
$(foreach p,$(HOT),$(eval $(call hot_program,$(p))))
$(foreach p,$(ACCOUNTS),$(eval $(call acc_program,$(p))))
$(foreach p,$(TLS),$(eval $(call tls_program,$(p))))

define other_name
$(B)/bin/$(call named,1,$(1)): $(B)/bin/$(call named,2,$(1))
	ln -f $$< $$@
endef
$(foreach n,$(NAMES),$(eval $(call other_name,$(n))))

define script
$(B)/bin/$(call name,$(1)): src/$(1).sh conf-qmail
	@mkdir -p $$(@D)
	sed 's|@QMAIL@|$(PREFIX)|g' $$< > $$@
	chmod 755 $$@
endef
$(foreach p,$(SCRIPTS),$(eval $(call script,$(p))))

$(CONF_H): conf-qmail conf-users
	@mkdir -p $(@D)
	@{ echo '/* home_conf.h - made from conf-qmail and conf-users */'; \
	   echo '#define CONF_QMAIL "$(PREFIX)"'; \
	   n=1; for role in ALIAS QMAILD QMAILL QMAILP QMAILQ QMAILR QMAILS \
	       GROUP_QMAIL GROUP_NOFILES QMAILV QMAILT QMAILK QMAILH \
	       QMAILF; do \
	     name=$$(sed -n "/^$$/q;$${n}p" conf-users); \
	     name=$${name:-$$(echo $$role | tr A-Z a-z)}; \
	     echo "#define CONF_$$role \"$$name\""; \
	     n=$$((n + 1)); done; } > $@.tmp
	@mv $@.tmp $@

# ---- install -------------------------------------------------------------

.PHONY: users install instcheck
users:
	sh src/install/users.sh

# As root, users and groups that are missing are made first.  With DESTDIR
# everything goes below that folder; without root the caller plays all roles.
install: all
	@if [ "$$(id -u)" = 0 ]; then sh src/install/users.sh; fi
	$(B)/bin/qmail-install install $(DESTDIR)
	@sh src/install/links.sh "$(DESTDIR)$(PREFIX)"

instcheck:
	$(B)/bin/qmail-install check $(DESTDIR)

# ---- the two commands of README ------------------------------------------

.PHONY: quickstart stop services tlscert deb-dummy test mutants bench help
.PHONY: demo-report
demo-report: $(B)/bin/qmail-report
	@$(B)/bin/qmail-report --html $(B)/demo-report.html doc/demo-log
	@echo
	@echo 'for a browser: $(B)/demo-report.html'
deb-dummy:
	@sh src/install/deb-dummy.sh
services:
	@sh src/install/services.sh
tlscert:
	@sh src/install/tlscert.sh
quickstart:
	@sh src/install/quickstart.sh start
stop:
	@sh src/install/quickstart.sh stop
test:
	@sh tests/run
mutants:
	@ROOM='$(ROOM)' ID='$(ID)' NEAREST='$(NEAREST)' /usr/bin/python3 tests/mutants/run.py
bench:
	@sh tests/bench/run

help:
	@echo 'make             build all into build/'
	@echo 'make quickstart  build, install, configure, start, send messages, fetch some'
	@echo 'make stop        end what quickstart started'
	@echo 'make tlscert     a certificate for a start, signed by nobody'
	@echo 'make services    write the services: daemontools, systemd'
	@echo 'make demo-report the report of a made-up day'
	@echo 'make deb-dummy   a Debian package that stands for this mail server'
	@echo 'make test        run all tests'
	@echo 'make mutants     put faults in; which does no test notice?'
	@echo 'make bench       compare with Postfix'
	@echo 'make install     install to the folder of conf-qmail (DESTDIR=...)'
	@echo 'make instcheck   report each wrong owner or mode'
	@echo 'make clean       remove build/'

clean:
	rm -rf $(B)

-include $(shell find $(B)/acc $(B)/hot $(B)/tls -name '*.d' -type f 2>/dev/null)
