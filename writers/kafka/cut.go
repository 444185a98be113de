package kafka

// cutMark ends an object that was cut.
const cutMark = `,"_truncated":true}`

// cut shortens the strings and lists of a JSON object until it is at most limit bytes
// long, and ends it with cutMark. It returns nil if that is impossible. The object must
// be encoded by this program.
func cut(object []byte, limit int) []byte {
	if len(object) < 2 || object[len(object)-1] != '}' {
		return nil
	}
	c := cutter{out: make([]byte, 0, limit)}
	for each := limit / 2; ; each /= 2 {
		c.in, c.out, c.each = object, c.out[:0], each
		c.value()
		out := c.out[:len(c.out)-1]
		if len(out)+len(cutMark) <= limit {
			if len(out) == 1 { // an empty object
				return append(out, cutMark[1:]...)
			}
			return append(out, cutMark...)
		}
		if each == 0 {
			return nil
		}
	}
}

// A cutter copies a value from in to out.
type cutter struct {
	in, out []byte
	// each limits the bytes of a string, and of a list beyond its first element.
	each int
}

// value copies a value.
func (c *cutter) value() {
	switch c.in[0] {
	case '"':
		c.text()
	case '[':
		c.list()
	case '{':
		c.object()
	default:
		c.scalar()
	}
}

func (c *cutter) scalar() {
	n := 0
	for n < len(c.in) && c.in[n] != ',' && c.in[n] != ']' && c.in[n] != '}' {
		n++
	}
	c.take(n)
}

func (c *cutter) take(n int) {
	c.out = append(c.out, c.in[:n]...)
	c.in = c.in[n:]
}

// text copies a string up to the limit, in whole characters and escapes.
func (c *cutter) text() {
	keep, n := 1, 1
	for c.in[n] != '"' {
		start := n
		switch ch := c.in[n]; {
		case ch == '\\' && c.in[n+1] == 'u':
			n += 6
		case ch == '\\':
			n += 2
		default:
			for n++; c.in[n]&0xc0 == 0x80; n++ {
			}
		}
		if n-1 <= c.each && keep == start {
			keep = n
		}
	}
	c.out = append(append(c.out, c.in[:keep]...), '"')
	c.in = c.in[n+1:]
}

// list copies a set or vector up to the element that exceeds the limit.
func (c *cutter) list() {
	start := len(c.out)
	c.take(1)
	kept, full := len(c.out), false
	for c.in[0] != ']' {
		if c.in[0] == ',' {
			c.take(1)
		}
		c.value()
		if full = full || len(c.out)-start > c.each; full {
			c.out = c.out[:kept]
		}
		kept = len(c.out)
	}
	c.take(1)
}

func (c *cutter) object() {
	c.take(1)
	for c.in[0] != '}' {
		if c.in[0] == ',' {
			c.take(1)
		}
		n := 1
		for ; c.in[n] != '"'; n++ {
			if c.in[n] == '\\' {
				n++
			}
		}
		c.take(n + 1)
		for c.in[0] == ':' || c.in[0] == ' ' {
			c.take(1)
		}
		c.value()
	}
	c.take(1)
}
