package ftp

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
)

// sourceADAT is the name of Zeek's analyzer of ADAT, for weirds.
const sourceADAT = "FTP_ADAT"

// Records of TLS (RFC 8446 section 5.1).
const (
	recordHandshake = 22
	recordHeader    = 5
)

// adatRequest extracts security data from a command (ADAT, RFC 2228 section 3). With
// GridFTP's mechanism it is an unframed TLS handshake.
func (a *analyzer) adatRequest(line []byte) {
	if !a.adat.Taken() {
		return
	}
	cmd, arg := word(skipBlanks(line))
	switch {
	case bytes.HasPrefix([]byte("ADAT"), cmd):
		b, ok := a.decode(skipBlanks(arg))
		first := !a.adatBegun
		a.adatBegun = true
		if first && !ok {
			a.Weird("ftp_adat_bad_first_token_encoding", "", sourceADAT)
		}
		if first && (len(b) < recordHeader || b[0] != recordHandshake || len(b)-recordHeader != int(binary.BigEndian.Uint16(b[3:]))) {
			a.unsecure()
			return
		}
		a.secure(true, b)
	case bytes.HasPrefix([]byte("AUTH"), cmd):
		a.unsecure() // it begins anew
	}
}

// adatReply extracts security data from a reply line (RFC 2228 section 4).
func (a *analyzer) adatReply(line []byte) {
	if !a.adat.Taken() {
		return
	}
	code, over := replyCode(line), false
	switch code {
	case 232, 234:
		// The exchange is complete, without data.
		a.unsecure()
		return
	case 235:
		over = true // complete, maybe with data
	case 334, 335:
	case 421, 431, 500, 501, 503, 535, 631, 632, 633:
		// The mechanism is refused, or the replies are protected already.
		a.unsecure()
		return
	default:
		return
	}
	b := line[3:]
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	if data, ok := bytes.CutPrefix(skipBlanks(b), []byte("ADAT=")); ok {
		b, _ := a.decode(data)
		a.secure(false, b)
	}
	if over {
		a.unsecure()
	}
}

// secure passes security data to TLS.
func (a *analyzer) secure(isOrig bool, b []byte) {
	if len(b) == 0 {
		return
	}
	a.f.securing = a
	a.adat.Data(isOrig, b)
	a.f.securing = nil
}

// unsecure ends the exchange.
func (a *analyzer) unsecure() {
	a.adat.Done()
}

// decode decodes Base64. Like Zeek, it gives up on an invalid character.
func (a *analyzer) decode(b []byte) ([]byte, bool) {
	for _, c := range b {
		if c != '=' && c != '+' && c != '/' && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') {
			a.Weird("base64_illegal_encoding", "character "+strconv.Itoa(int(c))+" ignored by Base64 decoding", "")
			return nil, false
		}
	}
	if n := len(b) % 4; n != 0 {
		a.Weird("base64_illegal_encoding",
			"incomplete base64 group, padding with "+strconv.Itoa((4-n)*6)+" bits of 0", "")
	}
	data := bytes.TrimRight(b, "=")
	dst := a.f.decoded[:0]
	dst, err := base64.RawStdEncoding.AppendDecode(dst, data)
	a.f.decoded = dst[:0]
	return dst, err == nil
}

// watchGridFTP adds the service gridftp to connections whose security data is a complete
// TLS handshake (base/protocols/ftp/gridftp.zeek).
func (f *factory) watchGridFTP(h *event.Hooks) {
	h.SSL.Established.Listen(func(*event.SSLEstablished) {
		if a := f.securing; a != nil {
			a.AddService("gridftp")
		}
	})
}
