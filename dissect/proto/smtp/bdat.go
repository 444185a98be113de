package smtp

import (
	"bytes"
	"math"
	"strconv"
)

// maxChunkLine is the length at which a line within a chunk is cut
// (SMTP::bdat_max_line_length).
const maxChunkLine = 4096

// maxChunkArg is the length of BDAT's longest argument: the largest number with LAST.
const maxChunkArg = len("18446744073709551615 LAST")

// chunkArg parses the argument of BDAT (RFC 3030 section 2). problem is empty if the
// argument is valid.
func chunkArg(arg []byte) (size uint64, last bool, problem string) {
	if len(arg) == 0 || len(arg) > maxChunkArg {
		return 0, false, "BDAT argument bad length"
	}
	n, overflow := 0, false
	for ; n < len(arg) && '0' <= arg[n] && arg[n] <= '9'; n++ {
		d := uint64(arg[n] - '0')
		if size > (math.MaxUint64-d)/10 {
			overflow = true
		}
		size = size*10 + d
	}
	rest := arg[n:]
	switch {
	case n == 0:
		return 0, false, "BDAT not followed by a valid chunk-size"
	case len(rest) > 0 && rest[0] != ' ' && rest[0] != 0:
		return 0, false, "BDAT chunk-size not valid"
	case overflow:
		return 0, false, "BDAT chunk-size too large"
	case len(rest) == 0:
		return size, false, ""
	case !bytes.EqualFold(rest, []byte(" LAST")):
		return 0, false, "BDAT chunk-size followed by junk"
	}
	return size, true, ""
}

// chunks splits a message sent with BDAT into lines. A line may span chunks, and the last
// one need not be terminated.
type chunks struct {
	on   bool
	last bool
	left uint64 // bytes of the chunk still to come
	part []byte // the unfinished line
}

// startChunk begins a chunk. It reports whether the argument is valid.
func (a *analyzer) startChunk(s *side, arg []byte) bool {
	size, last, problem := chunkArg(arg)
	if problem != "" {
		a.weirdOf("smtp_invalid_bdat_command", problem)
		return false
	}
	if size > math.MaxInt64 {
		a.weirdOf("smtp_huge_bdat_chunk", strconv.FormatUint(size, 10))
		return false
	}
	s.lines.SetPlain(int64(size))
	x := &a.chunks
	if !x.on {
		a.beginData(s.isOrig, stateInChunks)
		x.on = true
	}
	x.last, x.left = last, size
	return true
}

// chunk takes bytes of a chunk.
func (a *analyzer) chunk(isOrig bool, b []byte) {
	x := &a.chunks
	if uint64(len(b)) > x.left {
		b = b[:x.left]
	}
	x.left -= uint64(len(b))
	for len(b) > 0 {
		b = b[a.chunkLine(b):]
	}
	if x.last {
		a.lastChunk(isOrig)
	}
}

// lastChunk ends the message once its last chunk is complete.
func (a *analyzer) lastChunk(isOrig bool) {
	x := &a.chunks
	if !x.last || x.left > 0 {
		return
	}
	if len(x.part) > 0 {
		a.mail.Deliver(x.part, false)
		x.part = x.part[:0]
	}
	a.update(cmdEndOfData, 0, isOrig)
}

// chunkLine consumes bytes up to the end of a line or of b and returns their number.
func (a *analyzer) chunkLine(b []byte) int {
	x := &a.chunks
	n := min(len(b), maxChunkLine+2-len(x.part))
	if i := bytes.IndexByte(b[:n], '\n'); i >= 0 {
		n = i + 1
	}
	if len(x.part) == 0 && fits(b[:n]) {
		a.endChunkLine(b[:n])
		return n
	}
	x.part = append(x.part, b[:n]...)
	for {
		switch {
		case fits(x.part):
			a.endChunkLine(x.part)
			x.part = x.part[:0]
			return n
		case len(x.part) < maxChunkLine+1, len(x.part) == maxChunkLine+1 && x.part[maxChunkLine] == '\r':
			return n
		}
		a.Limited(source, "chunk_line_size")
		a.WeirdNumber("smtp_bdat_line_too_long", maxChunkLine, sourceChunks)
		a.mail.Deliver(x.part[:maxChunkLine], false)
		x.part = x.part[:copy(x.part, x.part[maxChunkLine:])]
	}
}

// fits reports whether b is a terminated line short enough not to be cut.
func fits(b []byte) bool {
	n := len(b)
	return n > 0 && b[n-1] == '\n' && (n <= maxChunkLine+1 || n == maxChunkLine+2 && b[n-2] == '\r')
}

// endChunkLine delivers the line b, which includes its terminator.
func (a *analyzer) endChunkLine(b []byte) {
	if n := len(b); n >= 2 && b[n-2] == '\r' {
		a.mail.Deliver(b[:n-2], true)
		return
	}
	a.Weird("smtp_bdat_line_lf_only", "", sourceChunks)
	a.mail.Deliver(b, false)
}

// endChunks ends a message whose last chunk may be incomplete.
func (a *analyzer) endChunks() {
	x := &a.chunks
	if x.left > 0 {
		a.weird("smtp_bdat_remaining_at_end_data")
		a.side[0].lines.SetPlain(0)
		a.side[1].lines.SetPlain(0)
	}
	if len(x.part) > 0 {
		a.Weird("smtp_bdat_undelivered_at_done", "", sourceChunks)
		a.mail.Deliver(x.part, false)
	}
	*x = chunks{part: x.part[:0]}
}
