package websocket

import (
	"crypto/sha1" //nolint:gosec // required by RFC 6455 section 1.3
	"encoding/base64"
	"strings"
)

// A Handshake checks the headers with which an HTTP connection becomes a WebSocket
// (RFC 6455 section 4). The zero Handshake is ready for use.
type Handshake struct {
	key, accept                    []byte
	hasKey, hasAccept, hasProtocol bool
	seen                           bool
}

// maxKey limits the bytes of keys that are kept; valid ones have 24 and 28.
const maxKey = 256

// Reset forgets the headers.
func (h *Handshake) Reset() { *h = Handshake{key: h.key[:0], accept: h.accept[:0]} }

// Header records an HTTP header. name is in upper case. Header returns the name of a weird
// to be raised with Source, or "".
func (h *Handshake) Header(isOrig bool, name, value []byte) (weird string) {
	const prefix = "SEC-WEBSOCKET-"
	if len(name) < len(prefix) || string(name[:len(prefix)]) != prefix {
		return ""
	}
	h.seen = true
	value = value[:min(len(value), maxKey)]
	switch which := string(name[len(prefix):]); {
	case isOrig && which == "KEY":
		if h.hasKey {
			weird = "websocket_multiple_key_headers"
		}
		h.key, h.hasKey = append(h.key[:0], value...), true
	case !isOrig && which == "PROTOCOL":
		if h.hasProtocol {
			weird = "websocket_multiple_protocol_headers"
		}
		h.hasProtocol = true
	case !isOrig && which == "ACCEPT":
		if h.hasAccept {
			weird = "websocket_multiple_accept_headers"
		}
		h.accept, h.hasAccept = append(h.accept[:0], value...), true
	}
	return weird
}

// Check is called once the server has agreed. It calls weird for each fault of the
// handshake.
func (h *Handshake) Check(weird func(name, addl string)) {
	if !h.seen {
		weird("websocket_established_unexpected", "")
	}
	if !h.hasKey {
		weird("websocket_missing_key_header", "")
	}
	if !h.hasAccept {
		weird("websocket_missing_accept_header", "")
	}
	if !h.hasKey || !h.hasAccept {
		return
	}
	sum := sha1.Sum(append(h.key, guid...)) //nolint:gosec // as above
	if want := base64.StdEncoding.EncodeToString(sum[:]); want != string(h.accept) {
		weird("websocket_wrong_accept_header", strings.Join([]string{"expected=", want, ", found=", string(h.accept)}, ""))
	}
}

// guid is the constant that RFC 6455 section 1.3 appends to the key.
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
