package bittorrent

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	trackerSource  = "BITTORRENTTRACKER"
	trackerService = "bittorrenttracker"

	// zeekSize is the number of bytes of a message that Zeek can hold.
	zeekSize = 2047
	// pieceSize is the number of bytes that are read at a time. What follows a message in
	// them is moved to the front of the buffer.
	pieceSize = 2048
	// statusOK is the status of an answer with a dictionary.
	statusOK = 200
)

func newTracker(h *event.Hooks, o Options) *detect.Protocol {
	f := &trackerFactory{hooks: &h.BitTorrent, opt: o, bufs: freelist.Buffers{Largest: 65536, Most: 16}}
	p := &detect.Protocol{Transport: value.ProtoTCP, Signatures: []detect.Signature{{
		Orig: detect.Anywhere(announces),
		Resp: detect.Leading("H", detect.Within(6, func(b []byte) bool {
			return len(b) > 5 && string(b[:5]) == "HTTP/" && isDigit(b[5])
		})),
	}}}
	p.Protocol = conn.Protocol{Name: trackerSource, Service: trackerService, New: f.new, Size: freelist.Size[tracker]()}
	return p
}

// announces reports whether a client asks a tracker for the peers of a torrent.
func announces(b []byte) bool {
	i := bytes.Index(b, []byte("/announce?"))
	return i >= 0 && bytes.Contains(b[i:], []byte("info_hash"))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isToken(c byte) bool { return !isBlank(c) }

// isVersion reports whether c may be in a version of HTTP.
func isVersion(c byte) bool { return isDigit(c) || c == '.' }

// after returns the number of bytes at the beginning of b for which is holds.
func after(b []byte, is func(byte) bool) int {
	n := 0
	for n < len(b) && is(b[n]) {
		n++
	}
	return n
}

// trackerFactory makes a shard's analyzers of the dialogue with trackers and holds what they
// share.
type trackerFactory struct {
	hooks *event.BitTorrentEvents
	opt   Options
	free  freelist.List[tracker]
	bufs  freelist.Buffers

	// Scratch of events.
	headers event.Dict[[]byte]
	peers   []event.BitTorrentPeer
	benc    event.Dict[event.BitTorrentBencValue]
}

func (f *trackerFactory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	benc := a.benc
	*a = tracker{f: f, Use: u, benc: benc}
	a.benc.reset()
	return a
}

// tracker follows one connection between a peer and a tracker.
type tracker struct {
	f *trackerFactory
	conn.Use
	side [2]half // 0 is the client's
	// keepAlive reports that another message follows one that is complete.
	keepAlive  bool
	uri        span
	status     uint64
	allowEmpty bool // an empty line may come before the next answer
	benc       benc
	counted    int  // bytes of benc that count for the connection
	off        bool // the analysis has ended
}

// span is a part of a buffer.
type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

// state is how much of a message has been read.
type state uint8

const (
	atStart state = iota // before the request or status line
	inHeaders
	inBody
	done
)

// half is one direction.
type half struct {
	state   state
	stopped bool
	buf     []byte // the current message so far
	line    int    // where its current line, or body, begins
	seen    int    // the end of what was searched for the end of the line
	headers int    // where the headers begin
}

// next returns the next line without its end, up to its last CR if it has one.
func (h *half) next() (line span, ok bool) {
	n := bytes.IndexByte(h.buf[h.seen:], '\n')
	if n < 0 {
		h.seen = len(h.buf)
		return span{}, false
	}
	line = span{h.line, h.seen + n}
	h.line = line.to + 1
	h.seen = h.line
	if cr := bytes.LastIndexByte(line.of(h.buf), '\r'); cr >= 0 {
		line.to = line.from + cr
	}
	return line, true
}

// Data takes the next bytes of a stream.
func (a *tracker) Data(isOrig bool, b []byte) {
	h := &a.side[conn.Side(isOrig)]
	if h.stopped || a.Conn().Partial() || !isOrig && h.state == done {
		return
	}
	limit := a.f.opt.Tracker
	if a.Compat(compat.BitTorrentTracker) {
		if limit = min(limit, zeekSize); len(h.buf)+len(b) > limit {
			a.tooLong(h, isOrig)
			return
		}
	}
	for len(b) > 0 && !h.stopped && !a.off {
		n := min(len(b), pieceSize, limit+1-len(h.buf))
		a.hold(h, b[:n])
		if b = b[n:]; a.Full(trackerSource) {
			h.stopped = true
			a.release(h)
			return
		}
		if isOrig {
			a.readRequests(h)
		} else if a.readAnswers(h); h.state == done {
			return
		}
		if len(h.buf) > limit && !h.stopped {
			a.tooLong(h, isOrig)
		}
	}
}

func (a *tracker) hold(h *half, b []byte) {
	if h.buf == nil {
		h.buf = a.f.bufs.Get()
	}
	h.buf = append(h.buf, b...)
	a.Hold(len(b))
}

// drop forgets a message, which is everything before the current line, and begins the next
// one with what follows.
func (a *tracker) drop(h *half) {
	rest := copy(h.buf, h.buf[h.line:])
	a.Hold(rest - len(h.buf))
	if h.buf = h.buf[:rest]; rest == 0 {
		a.f.bufs.Put(h.buf)
		h.buf = nil
	}
	h.state, h.line, h.seen = atStart, 0, 0
}

func (a *tracker) release(h *half) {
	if h.buf != nil {
		a.Hold(-len(h.buf))
		a.f.bufs.Put(h.buf)
		h.buf = nil
	}
}

// fail reports a violation and ends the analysis of a side.
func (a *tracker) fail(h *half, what string) {
	h.stopped = true
	a.release(h)
	a.Violate(conn.Violation{Reason: "BitTorrentTracker: " + what, Late: true})
}

func (a *tracker) tooLong(h *half, isOrig bool) {
	a.Limited(trackerSource, "message_size")
	if isOrig {
		a.fail(h, "request message too long")
	} else {
		a.fail(h, "response message too long")
	}
}

// readRequests reads the lines of the client that are complete.
func (a *tracker) readRequests(h *half) {
	for !h.stopped {
		l, ok := h.next()
		if !ok {
			return
		}
		line := l.of(h.buf)
		switch {
		case bytes.IndexByte(line, 0) >= 0:
			h.stopped = true // Zeek never finds the end of such a line
			a.release(h)
		case h.state == atStart:
			a.requestLine(h, l)
		case h.state == inHeaders && len(line) == 0:
			if a.request(h); a.off || h.stopped {
				return
			}
			if h.state = done; a.keepAlive {
				a.drop(h)
			}
		case h.state == inHeaders:
			if !a.header(line) {
				a.fail(h, "invalid HTTP request header")
			}
		case len(line) != 0:
			msg := "Got post request data: " + string(line) + "\n"
			a.Weird("bittorrent_tracker_data_post_request", msg, trackerSource)
			if e := a.f.hooks.BTTrackerWeird.Begin(); e != nil {
				*e = event.BTTrackerWeird{Conn: a.Conn(), IsOrig: true, Msg: []byte(msg)}
				a.f.hooks.BTTrackerWeird.Raise(e)
			}
		}
	}
}

// requestLine reads a line with GET, a URI and perhaps a version. Without a version, the URI
// goes up to the end of the line.
func (a *tracker) requestLine(h *half, l span) {
	line := l.of(h.buf)
	rest, isGet := cutPrefixFold(line, "GET")
	uri := rest[after(rest, isBlank):]
	if !isGet || len(uri) == len(rest) || len(uri) == 0 {
		a.fail(h, "invalid HTTP GET")
		return
	}
	a.uri = span{l.to - len(uri), l.to}
	if end := after(uri, isToken); end < len(uri) {
		blanks := after(uri[end:], isBlank)
		version, ok := cutPrefixFold(uri[end+blanks:], "HTTP/")
		if ok && len(version) > 0 && after(version, isVersion) == len(version) {
			a.uri.to = a.uri.from + end
			a.keepAlive = version[len(version)-1] == '1'
		}
	}
	h.state, h.headers = inHeaders, h.line
}

// cutPrefixFold is bytes.CutPrefix for a prefix in upper case that may be in any case.
func cutPrefixFold(b []byte, prefix string) (rest []byte, ok bool) {
	if len(b) < len(prefix) {
		return b, false
	}
	for i := range len(prefix) {
		c := b[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != prefix[i] {
			return b, false
		}
	}
	return b[len(prefix):], true
}

// header reads a header line. It reports whether it is one.
func (a *tracker) header(line []byte) bool {
	name, v, ok := cutHeader(line)
	if !ok {
		return false
	}
	if rest, is := cutPrefixFold(name, "CONNECTION"); is && len(rest) == 0 {
		rest, is = cutPrefixFold(v, "CLOSE")
		a.keepAlive = !is || len(rest) != 0
	}
	return true
}

// cutHeader splits a header line into name and value.
func cutHeader(line []byte) (name, v []byte, ok bool) {
	i := after(line, func(c byte) bool { return !isBlank(c) && c != ':' })
	if i == 0 || i == len(line) || line[i] != ':' {
		return nil, nil, false
	}
	return line[:i], detect.TrimBlanks(line[i+1:]), true
}

// headerTable returns the headers of the current message, if they are asked for. The last
// line was the empty one after them.
func (a *tracker) headerTable(h *half) event.Dict[[]byte] {
	f := a.f
	if f.headers = f.headers[:0]; !f.opt.Headers {
		return nil
	}
	for rest := h.buf[h.headers:h.line]; ; {
		n := bytes.IndexByte(rest, '\n')
		if n < 0 {
			return f.headers
		}
		line := rest[:n]
		if rest = rest[n+1:]; len(line) > 0 {
			if cr := bytes.LastIndexByte(line, '\r'); cr >= 0 {
				line = line[:cr]
			}
		}
		if name, v, ok := cutHeader(line); ok {
			f.headers = put(a, f.headers, name, v)
		}
	}
}

// put sets an entry of a table, unless it has too many.
func put[T any](a *tracker, d event.Dict[T], key []byte, v T) event.Dict[T] {
	for i := range d {
		if bytes.Equal(d[i].Key, key) {
			d[i].Value = v
			return d
		}
	}
	if len(d) == a.f.opt.Entries {
		a.Limited(trackerSource, "entries")
		return d
	}
	return append(d, event.DictEntry[T]{Key: key, Value: v})
}

// request raises the event of a request after its headers.
func (a *tracker) request(h *half) {
	a.Confirm()
	if e := a.f.hooks.BTTrackerRequest.Begin(); e != nil {
		*e = event.BTTrackerRequest{Conn: a.Conn(), URI: a.uri.of(h.buf), Headers: a.headerTable(h)}
		a.f.hooks.BTTrackerRequest.Raise(e)
	}
}

// readAnswers reads what is complete of the tracker's answers.
func (a *tracker) readAnswers(h *half) {
	for !h.stopped && !a.off {
		if h.state != inBody {
			l, ok := h.next()
			if !ok {
				return
			}
			if a.answerLine(h, l.of(h.buf)); h.state == done {
				a.release(h)
				return
			}
			continue
		}
		end, problem := a.benc.read(h.buf, h.line, a.f.opt.Depth, a.f.opt.Entries)
		a.count(a.benc.size())
		switch {
		case problem != "":
			if problem == tooDeep {
				a.Limited(trackerSource, "bencode_depth")
			}
			a.fail(h, problem)
			return
		case end < 0:
			return
		}
		if h.line = end; a.benc.over {
			a.Limited(trackerSource, "entries")
		}
		if a.answer(h); a.off {
			return
		}
		if !a.keepAlive {
			h.state = done
			a.release(h)
			return
		}
		a.drop(h)
		a.benc.reset()
		a.count(0)
		a.allowEmpty = true
	}
}

// count makes n bytes of the dictionary count for the connection.
func (a *tracker) count(n int) {
	a.HoldState(n - a.counted)
	a.counted = n
}

// answerLine reads a line before the body of an answer.
func (a *tracker) answerLine(h *half, line []byte) {
	switch {
	case bytes.IndexByte(line, 0) >= 0:
		h.stopped = true // as in readRequests
		a.release(h)
	case h.state == atStart:
		if len(line) == 0 && a.allowEmpty {
			a.allowEmpty = false // after the dictionary before
			return
		}
		rest, ok := cutPrefixFold(line, "HTTP/")
		if rest = rest[after(rest, isVersion):]; !ok || len(rest) == 0 || rest[0] != ' ' {
			a.fail(h, "invalid HTTP status")
			return
		}
		a.status = number(detect.TrimSpace(rest))
		h.state, h.headers = inHeaders, h.line
		a.benc.reset()
	case len(line) != 0:
		if !a.header(line) {
			a.fail(h, "invalid HTTP response header")
		}
	case a.status == statusOK:
		h.state = inBody
	default:
		if e := a.f.hooks.BTTrackerResponseNotOK.Begin(); e != nil {
			*e = event.BTTrackerResponseNotOK{Conn: a.Conn(), Status: a.status, Headers: a.headerTable(h)}
			a.f.hooks.BTTrackerResponseNotOK.Raise(e)
		}
		h.state = done
	}
}

// number returns the number at the beginning of b, or 0.
func number(b []byte) (n uint64) {
	for _, c := range b {
		if !isDigit(c) {
			break
		}
		if n > (math.MaxUint64-9)/10 {
			return math.MaxUint64
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// answer raises the event of an answer whose dictionary is complete.
func (a *tracker) answer(h *half) {
	a.Confirm()
	e := a.f.hooks.BTTrackerResponse.Begin()
	if e == nil {
		return
	}
	f, zeek := a.f, a.Compat(compat.BitTorrentTracker)
	f.peers, f.benc = f.peers[:0], f.benc[:0]
	for _, x := range a.benc.entries {
		key, b := x.key.of(h.buf), x.value.of(h.buf)
		var v event.BitTorrentBencValue
		switch isPeers := string(key) == "peers"; {
		case x.kind == kindInt:
			n := x.n
			if zeek {
				n = int64(int32(n))
			}
			v.I = value.Some(n)
		case isPeers && (zeek || x.kind == kindString):
			f.peers = compactPeers(f.peers, b, zeek)
			continue
		case isPeers && x.kind == kindList:
			f.peers = longPeers(f.peers, b)
			continue
		case x.kind == kindString:
			v.S = value.Some(b)
		case x.kind == kindDict:
			v.D = value.Some(b)
		default:
			v.L = value.Some(b)
		}
		f.benc = put(a, f.benc, key, v)
	}
	slices.SortFunc(f.peers, comparePeers)
	f.peers = slices.Compact(f.peers)
	*e = event.BTTrackerResponse{Conn: a.Conn(), Status: a.status, Headers: a.headerTable(h), Peers: f.peers, Benc: f.benc}
	f.hooks.BTTrackerResponse.Raise(e)
}

func comparePeers(a, b event.BitTorrentPeer) int {
	if c := a.H.Compare(b.H); c != 0 {
		return c
	}
	return int(a.P.Num) - int(b.P.Num)
}

// compactPeers appends the peers of the compact form: 4 bytes of address and 2 of port each
// (BEP 23). Zeek turns the bytes of both around.
func compactPeers(peers []event.BitTorrentPeer, b []byte, turned bool) []event.BitTorrentPeer {
	for ; len(b) >= 6; b = b[6:] {
		h, p := [4]byte(b), binary.BigEndian.Uint16(b[4:])
		if turned {
			slices.Reverse(h[:])
			p = binary.LittleEndian.Uint16(b[4:])
		}
		peers = append(peers, newPeer(netip.AddrFrom4(h), p))
	}
	return peers
}

func newPeer(h netip.Addr, p uint16) event.BitTorrentPeer {
	return event.BitTorrentPeer{H: h, P: value.Port{Num: p, Proto: value.ProtoTCP}}
}

// longPeers appends the peers of a list of dictionaries with ip and port (BEP 3). Those with
// names instead of addresses are left out.
func longPeers(peers []event.BitTorrentPeer, b []byte) []event.BitTorrentPeer {
	depth, isKey := 0, false
	var key, ip []byte
	p := int64(-1)
	for len(b) > 0 {
		t, rest := nextToken(b)
		if b = rest; t.kind == kindEnd {
			if depth--; depth == 1 {
				if h, ok := parseAddr(ip); ok && 0 <= p && p <= math.MaxUint16 {
					peers = append(peers, newPeer(h, uint16(p)))
				}
			}
			isKey = depth == 2
			continue
		}
		switch {
		case depth == 2 && isKey:
			key, isKey = t.text, false
		case depth == 2:
			isKey = t.kind == kindInt || t.kind == kindString
			switch {
			case t.kind == kindString && string(key) == "ip":
				ip = t.text
			case t.kind == kindInt && string(key) == "port":
				p = t.n
			}
		case depth == 1 && t.kind == kindDict:
			isKey, key, ip, p = true, nil, nil, -1
		}
		if t.kind == kindDict || t.kind == kindList {
			depth++
		}
	}
	return peers
}

// parseAddr parses an address in text, without an allocation for IPv4.
func parseAddr(b []byte) (a netip.Addr, ok bool) {
	if len(b) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") {
		return a, false
	}
	var v4 [4]byte
	part, digits, n := 0, 0, 0
	for _, c := range b {
		switch {
		case isDigit(c):
			if n = n*10 + int(c-'0'); n > 255 {
				return a, false
			}
			digits++
		case c == '.' && digits > 0 && part < 3:
			v4[part] = byte(n)
			part, digits, n = part+1, 0, 0
		default:
			a, err := netip.ParseAddr(string(b))
			return a, err == nil && a.Zone() == ""
		}
	}
	v4[3] = byte(n)
	return netip.AddrFrom4(v4), part == 3 && digits > 0
}

// Gap ends the analysis of the side.
func (a *tracker) Gap(isOrig bool, _ uint64) {
	h := &a.side[conn.Side(isOrig)]
	h.stopped = true
	a.release(h)
	a.Violate(conn.Violation{Reason: "BitTorrentTracker: cannot recover from content gap", Late: true})
}

// End does nothing: an incomplete message is dropped silently.
func (a *tracker) End(bool) {}

// Flip swaps the sides with the connection's roles.
func (a *tracker) Flip() { a.side[0], a.side[1] = a.side[1], a.side[0] }

// Done returns the analyzer to the free list.
func (a *tracker) Done() {
	a.off = true
	for i := range a.side {
		a.release(&a.side[i])
	}
	a.count(0)
	a.benc.trim()
	a.f.free.Put(a)
}
