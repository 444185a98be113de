package conn

import (
	"encoding/binary"
	"iter"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Kinds of TCP options (IANA tcp-parameters).
const (
	optEnd           = 0
	optNop           = 1
	optMSS           = 2 // RFC 9293 section 3.7.1
	optWindowScale   = 3 // RFC 7323
	optSACKPermitted = 4 // RFC 2018
	optSACK          = 5
	optTimestamps    = 8  // RFC 7323
	optQuickStart    = 27 // RFC 4782
	optUserTimeout   = 28 // RFC 5482
	optAuth          = 29 // RFC 5925
	optFastOpen      = 34 // RFC 7413
)

// parseOptions yields every option with its kind and length bytes, and stops at the
// first that does not fit. onlyLong leaves out the options of one byte; without it the
// end of the list is yielded, too.
func parseOptions(b []byte, onlyLong bool) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			n := 1
			if b[0] > optNop {
				if len(b) < 2 || b[1] == 0 || int(b[1]) > len(b) {
					return
				}
				n = int(b[1])
			}
			if !(onlyLong && b[0] <= optNop) && !yield(b[:n]) {
				return
			}
			if b[0] == optEnd {
				return
			}
			b = b[n:]
		}
	}
}

// options raises TCPOption and TCPOptions for a header.
func (t *Table) options(c *Conn, b []byte, isOrig bool) {
	if h := &t.hooks.TCP.Option; h.On() {
		for o := range parseOptions(b, false) {
			e := h.Begin()
			*e = event.TCPOption{Conn: c, IsOrig: isOrig, Opt: uint64(o[0]), OptLen: uint64(len(o))}
			h.Raise(e)
		}
	}
	h := &t.hooks.TCP.Options
	if !h.On() {
		return
	}
	list, sack := t.scratch.optionList[:0], t.scratch.sack[:0]
	for o := range parseOptions(b, false) {
		v := event.TCPOptionValue{Kind: uint64(o[0]), Length: uint64(len(o))}
		raw := true // whether Data gets the option's bytes
		weird := ""
		n := len(o)
		switch o[0] {
		case optEnd, optNop:
		case optMSS:
			if raw = n != 4; raw {
				weird = "tcp_option_mss_invalid_len"
			} else {
				v.MSS = value.Some(uint64(binary.BigEndian.Uint16(o[2:])))
			}
		case optWindowScale:
			if raw = n != 3; raw {
				weird = "tcp_option_window_scale_invalid_len"
			} else {
				v.WindowScale = value.Some(uint64(o[2]))
			}
		case optSACKPermitted:
			if raw = n != 2; raw {
				weird = "tcp_option_sack_invalid_len"
			}
		case optSACK:
			if raw = n != 10 && n != 18 && n != 26 && n != 34; raw {
				weird = "tcp_option_sack_blocks_invalid_len"
			} else {
				from := len(sack)
				for e := o[2:]; len(e) >= 4; e = e[4:] {
					sack = append(sack, uint64(binary.BigEndian.Uint32(e)))
				}
				v.SACK = value.Some(sack[from:len(sack):len(sack)])
			}
		case optTimestamps:
			if raw = n != 10; raw {
				weird = "tcp_option_timestamps_invalid_len"
			} else {
				v.SendTimestamp = value.Some(uint64(binary.BigEndian.Uint32(o[2:])))
				v.EchoTimestamp = value.Some(uint64(binary.BigEndian.Uint32(o[6:])))
			}
		case optQuickStart:
			if raw = n != 8; raw {
				weird = "tcp_option_qsresponse_invalid_len"
			} else {
				v.Rate = value.Some(uint64(o[2]))
				v.TTLDiff = value.Some(uint64(o[3]))
				v.QSNonce = value.Some(uint64(binary.BigEndian.Uint32(o[4:])))
			}
		case optUserTimeout:
			if raw = n != 4; raw {
				weird = "tcp_option_uto_invalid_len"
			}
		case optAuth:
			if raw = n < 4; raw {
				weird = "tcp_option_ao_invalid_len"
			}
		case optFastOpen:
			if raw = n != 2 && (n < 6 || n > 18); raw {
				weird = "tcp_option_tfo_invalid_len"
			}
		}
		if raw && n > 2 {
			v.Data = value.Some(o[2:])
		}
		if weird != "" {
			t.weirdNumber(c, weird, n, "TCP")
		}
		list = append(list, v)
	}
	t.scratch.optionList, t.scratch.sack = list, sack
	e := h.Begin()
	*e = event.TCPOptions{Conn: c, IsOrig: isOrig, Options: list}
	h.Raise(e)
}
