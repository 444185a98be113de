// Package contentline splits a stream into lines, for protocols of text lines with an
// occasional body of known length. Line ends and weirds are those of Zeek's CONTENTLINE
// analyzer.
package contentline

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/wirelog/wirelog/internal/freelist"
)

// A Receiver takes a Splitter's output. It may call the Splitter's methods, which take
// effect right after the bytes delivered.
type Receiver interface {
	// Line takes a line without its terminator. The slice is valid only during the call.
	Line(line []byte)
	// Plain takes bytes requested by SetPlain.
	Plain(b []byte)
	// LineWeird takes the name of a weird, whose analyzer is Source.
	LineWeird(name string)
}

// Source is the name of Zeek's analyzer, for weirds.
const Source = "CONTENTLINE"

// DefaultMax is the length in bytes at which a line is cut (Zeek's
// DEFAULT_MAX_LINE_LENGTH).
const DefaultMax = 16<<20 - 100

// EOL says which single characters end a line, beside CR LF.
type EOL uint8

// Line ends.
const (
	CR EOL = 1 << iota
	LF
	// onlyCRLF takes lone CR and LF as part of the line.
	onlyCRLF EOL = 0
)

// WeirdUnterminated is the weird for a line that ends with the size of SetSize; Unfinished
// returns it.
const WeirdUnterminated = "line_terminated_without_CRLF"

// WeirdTooLong is the weird for a line cut at its maximum length or by its Budget.
const WeirdTooLong = "contentline_size_exceeded"

// Seen records which once-only weirds a connection has had. The Splitters of both
// directions share one.
type Seen uint8

const (
	seenCR Seen = 1 << iota
	seenLF
	seenNUL
)

// Options are limits of a Budget.
type Options struct {
	Bytes uint64 `key:"limits.incomplete_line_bytes" unit:"bytes" per:"run" min:"1" doc:"bytes of incomplete lines of HTTP, FTP, SMTP, POP3, SIP and Telnet held at once, in all; beyond it lines are cut"`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options { return Options{Bytes: 256 << 20} }

// A Budget bounds the bytes of unfinished lines that Splitters hold. A shard's Splitters
// share one.
type Budget struct {
	// Limit is in bytes; 0 means none. Growing lines are cut beyond it.
	Limit   uint64
	used    uint64
	buffers freelist.Sizes
}

// add is append(part, b...) for an unfinished line.
func (b *Budget) add(part, data []byte) []byte {
	if b == nil {
		return append(part, data...)
	}
	b.used += uint64(len(data))
	return b.buffers.Append(part, data)
}

// drop takes an unfinished line back and returns an empty one. The caller must not use it
// afterwards.
func (b *Budget) drop(part []byte) []byte {
	if b == nil {
		if cap(part) > keptPart {
			return nil
		}
		return part[:0]
	}
	b.used -= uint64(len(part))
	b.buffers.Put(part)
	return nil
}

// has reports whether n more bytes can be held.
func (b *Budget) has(n int) bool {
	return b == nil || b.Limit == 0 || b.used+uint64(n) <= b.Limit
}

// A Splitter splits one direction of a connection into lines. Reset initializes it.
type Splitter struct {
	r      Receiver
	seen   *Seen
	budget *Budget
	max    int
	// part is the unfinished line. A line that is complete within one delivery is not
	// copied.
	part []byte
	// plain is the number of bytes still to be passed on as they are; size is the number
	// of bytes until a line ends even without a terminator, or -1.
	plain, size int64
	data        []byte // what is being delivered
	off         int    // of the first byte of data not yet passed on
	nul         int    // the next in data, as of the last search
	last        byte
	eol         EOL
	stopped     bool
	quiet       bool // no weirds
	nulWeird    bool
	fresh       bool // size was set by the line that a CR just ended
}

// keptPart is the largest capacity of an unfinished line that is reused without a Budget.
const keptPart = 4096

// Reset prepares s for a new stream with lines of up to max bytes. budget may be nil.
func (s *Splitter) Reset(r Receiver, seen *Seen, budget *Budget, max int) {
	s.Release()
	part := s.part
	*s = Splitter{}
	s.r, s.seen, s.budget, s.max, s.part, s.size, s.eol = r, seen, budget, max, part, -1, CR|LF
}

// Release frees the bytes that s holds, before s is kept for reuse.
func (s *Splitter) Release() {
	s.forget()
	s.data, s.off = nil, 0
	s.stopped = true
}

// Forget drops the unfinished line and what SetPlain and SetSize have requested, for a
// stream that goes on after missing bytes.
func (s *Splitter) Forget() {
	s.forget()
	s.plain, s.size, s.last = 0, -1, 0
}

// forget empties part.
func (s *Splitter) forget() {
	if s.part != nil {
		s.part = s.budget.drop(s.part)
	}
}

func (s *Splitter) keep(b []byte) { s.part = s.budget.add(s.part, b) }

// unkeep takes back the last byte.
func (s *Splitter) unkeep() {
	s.part = s.part[:len(s.part)-1]
	if s.budget != nil {
		s.budget.used--
	}
}

// SetReceiver changes the receiver, when the connection's sides are swapped.
func (s *Splitter) SetReceiver(r Receiver) { s.r = r }

// SetEOL sets what ends a line beside CR LF.
func (s *Splitter) SetEOL(e EOL) { s.eol = e }

// SuppressWeirds turns weirds about line ends off or on.
func (s *Splitter) SuppressWeirds(on bool) { s.quiet = on }

// SetNULWeird enables the weird NUL_in_line for the first NUL of the stream, which is
// then dropped from its line.
func (s *Splitter) SetNULWeird(on bool) { s.nulWeird = on }

// SetPlain requests the next n bytes as they are; 0 returns to lines.
func (s *Splitter) SetPlain(n int64) { s.plain = max(n, 0) }

// SetSize ends a line after n more bytes even without a terminator; -1 cancels that.
func (s *Splitter) SetSize(n int64) {
	s.size = max(n, -1)
	s.fresh = s.last == '\r' // the LF that may follow does not count
}

// Stop ends all deliveries.
func (s *Splitter) Stop() { s.stopped = true }

// Partial reports whether there is an unfinished line.
func (s *Splitter) Partial() bool { return len(s.part) > 0 }

// Unfinished returns the unfinished line. It is valid until the next delivery.
func (s *Splitter) Unfinished() []byte { return s.part }

// Take ends all deliveries and returns the bytes of the current delivery that have not
// been passed on, for a connection that goes on with another protocol. lf reports whether
// an LF, if it is the next byte, still belongs to the last line.
func (s *Splitter) Take() (rest []byte, lf bool) {
	rest = s.data[s.off:]
	s.off = len(s.data)
	s.stopped = true
	if s.last != '\r' {
		return rest, false
	}
	if len(rest) == 0 {
		return rest, true
	}
	if rest[0] == '\n' {
		rest = rest[1:]
	}
	return rest, false
}

// Deliver splits b, the next bytes of the stream.
func (s *Splitter) Deliver(b []byte) {
	s.data, s.off, s.nul = b, 0, -1
	for s.off < len(s.data) && !s.stopped {
		if s.last == '\r' && s.eol&CR != 0 && s.data[s.off] == '\n' {
			// The CR has already ended the line, before this LF was known.
			s.last = '\n'
			if s.fresh {
				s.off++
			} else {
				s.advance(1)
			}
		} else if s.plain > 0 {
			n := int(min(s.plain, int64(len(s.data)-s.off)))
			piece := s.data[s.off : s.off+n]
			s.last = 0
			s.plain -= int64(n)
			s.advance(n)
			s.r.Plain(piece)
		} else {
			s.line()
		}
		if s.size == 0 {
			s.size = -1
			if len(s.part) > 0 && !s.stopped {
				s.r.LineWeird(WeirdUnterminated)
				s.emit(nil, 0, '\n')
			}
		}
	}
	s.data, s.off = nil, 0
}

// End ends the stream and delivers an unfinished line.
func (s *Splitter) End() {
	if len(s.part) > 0 && !s.stopped {
		s.Deliver(newline)
	}
}

var newline = []byte{'\n'}

func (s *Splitter) advance(n int) {
	s.off += n
	s.fresh = false
	if s.size >= 0 {
		s.size = max(s.size-int64(n), 0)
	}
}

// lineEnd returns the index in b, from i on, of the next CR or LF before end, or end. It looks
// at eight bytes at once: a calculation sets the highest bit of each byte that is below ' ',
// others that of each CR and LF. A borrow may set those of later bytes, which do not count.
func lineEnd(b []byte, i, end int) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= end; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if (w-each*' ')&^w&high == 0 {
			continue
		}
		cr, lf := w^each*'\r', w^each*'\n'
		if found := ((cr-each)&^cr | (lf-each)&^lf) & high; found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	for ; i < end; i++ {
		if b[i] == '\r' || b[i] == '\n' {
			return i
		}
	}
	return i
}

func index(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

// line consumes bytes up to the end of a line, or all.
func (s *Splitter) line() {
	start, end := s.off, len(s.data)
	if s.size >= 0 && s.size < int64(end-start) {
		end = start + int(s.size)
	}
	if s.last == '\r' && s.data[start] == '\n' {
		// The CR was taken for part of the line.
		if len(s.part) == 0 {
			s.last = '\n'
			s.advance(1)
			return
		}
		s.unkeep()
		s.emit(nil, 1, '\n')
		return
	}
	nul := false
	if s.nulWeird {
		if s.nul < start {
			s.nul = index(s.data, start, 0)
		}
		if s.nul < end {
			nul, end = true, s.nul
		}
	}
	full := end
	if room := max(s.max-len(s.part), 0); room < end-start {
		full = start + room
	}
	if b := s.data[start]; s.last == '\r' && b != '\n' && (b != '\r' || s.eol&CR == 0) {
		s.weird(seenCR, "line_terminated_with_single_CR")
	}
	for i := start; ; i++ {
		i = lineEnd(s.data, i, full)
		if i >= full {
			break
		}
		b := s.data[start:i]
		if s.data[i] == '\r' {
			if i+1 < end && s.data[i+1] == '\n' {
				s.emit(b, i+2-start, '\n')
				return
			}
			if s.eol&CR != 0 {
				s.emit(b, i+1-start, '\r')
				return
			}
			if i+1 < end {
				s.weird(seenCR, "line_terminated_with_single_CR")
			}
			continue
		}
		if s.eol&LF != 0 {
			s.emit(b, i+1-start, '\n')
			return
		}
		s.weird(seenLF, "line_terminated_with_single_LF")
	}
	if full < end {
		s.cut(full)
		return
	}
	if end > start && !s.budget.has(end-start) {
		// Cut as a whole: lines of a byte each would cost much time.
		s.cut(end - 1)
		return
	}
	s.keep(s.data[start:end])
	n := end - start
	s.last = s.data[start+max(n-1, 0)]
	if nul {
		s.nulWeird = false
		if n > 0 && s.last == '\r' {
			s.weird(seenCR, "line_terminated_with_single_CR")
		}
		s.weird(seenNUL, "NUL_in_line")
		s.last = 0
		n++
	}
	s.advance(n)
}

// cut ends an overlong line before index i of data. As in Zeek, the byte there and the
// one before it are lost.
func (s *Splitter) cut(i int) {
	s.r.LineWeird(WeirdTooLong)
	if s.stopped {
		return
	}
	b := s.data[s.off:i]
	if len(b) > 0 {
		b = b[:len(b)-1]
	} else if len(s.part) > 0 {
		s.unkeep()
	}
	s.emit(b, i+1-s.off, s.data[i])
}

// emit delivers the line that ends with b and consumes n bytes of data, the last of which
// is last.
func (s *Splitter) emit(b []byte, n int, last byte) {
	s.last = last
	if len(s.part) == 0 {
		s.advance(n)
		s.r.Line(b)
		return
	}
	s.keep(b)
	b, s.part = s.part, nil
	s.advance(n)
	budget := s.budget
	s.r.Line(b)
	if b = budget.drop(b); s.part == nil {
		s.part = b
	}
}

func (s *Splitter) weird(once Seen, name string) {
	if !s.quiet && *s.seen&once == 0 {
		*s.seen |= once
		s.r.LineWeird(name)
	}
}
