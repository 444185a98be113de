package smtp

import "bytes"

// maxOutOfOrder is the number of out-of-order commands tolerated before the analyzer
// gives up (SMTP::max_invalid_mail_transactions).
const maxOutOfOrder = 25

// order checks that a sender and a recipient precede a message (RFC 5321 section 3.3), as
// Zeek's base/protocols/smtp does.
type order struct {
	mail, recipient bool
	problems        int
	lost            bool // there were too many
}

var (
	from = []byte("FROM:")
	to   = []byte("TO:")
	last = []byte(" LAST")
)

func hasPrefix(b, prefix []byte) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], prefix)
}

// checkOrder checks the order of a request.
func (a *analyzer) checkOrder(word, arg []byte) {
	o := &a.order
	switch parseCommand(word) {
	case cmdMAIL:
		if hasPrefix(arg, from) {
			o.mail, o.recipient = true, false
		}
	case cmdRCPT:
		if !hasPrefix(arg, to) {
			return
		}
		if o.recipient = true; !o.mail {
			a.outOfOrder("rcpt to missing mail from")
		}
	case cmdDATA:
		if !o.recipient {
			a.outOfOrder("data missing rcpt to")
		}
	case cmdBDAT:
		if !o.recipient {
			a.outOfOrder("data missing rcpt to")
		}
		if bytes.HasSuffix(arg, last) {
			o.mail, o.recipient = false, false
		}
	default:
		if len(word) == 1 && word[0] == '.' {
			o.mail, o.recipient = false, false
		}
	}
}

func (a *analyzer) outOfOrder(why string) {
	a.weirdOf("smtp_mail_transaction_invalid", why)
	o := &a.order
	if o.problems++; o.problems > maxOutOfOrder && !o.lost {
		a.weird("smtp_excessive_invalid_mail_transactions")
		o.lost, a.off = true, true
	}
}
