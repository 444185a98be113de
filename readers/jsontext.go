package readers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// objects finds the objects of a file.
type objects struct {
	// scan means that an object may have several lines, a line several objects, and an
	// array may be around them.
	scan bool
	buf  []byte
	// line is where the last object begins.
	line int
}

var (
	errNoObject = errors.New("no JSON object")
	errNoEnd    = errors.New("the JSON object has no end")
	errSeveral  = errors.New("more than one JSON object in the line")
	errBetween  = errors.New("text between JSON objects")
)

// laidOut reports whether the objects of a file that begins with head are not one per
// line: it begins with an array, or with a brace alone in its line.
func laidOut(head []byte, all bool) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	if len(head) == 0 || head[0] == '[' {
		return true
	}
	line, _, found := bytes.Cut(head, []byte("\n"))
	return (found || all) && string(bytes.TrimSpace(line)) == "{" && found
}

// object returns the next object, valid until the next call. Reading can continue after
// an error of the object.
func (o *objects) object(l *lines) ([]byte, error) {
	if o.scan {
		return o.scanObject(l)
	}
	for {
		line, err := l.next()
		o.line = l.number
		if err != nil {
			return nil, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if line[0] != '{' {
			return nil, errNoObject
		}
		return line, nil
	}
}

// scanObject is object in scan mode. It finds the closing brace without parsing.
func (o *objects) scanObject(l *lines) ([]byte, error) {
	o.buf = o.buf[:0]
	depth, quoted, escaped, stray, large := 0, false, false, false, false
	for {
		c, err := l.r.ReadByte()
		if err != nil {
			l.failed = true
			switch {
			case err != io.EOF:
				return nil, readError{err}
			case depth > 0:
				return nil, errNoEnd
			case stray:
				return nil, errBetween
			}
			return nil, io.EOF
		}
		if c == '\n' {
			l.number++
		}
		if depth == 0 {
			switch c {
			case ' ', '\t', '\r', '\n', ',', '[', ']', byteOrderMark[0], byteOrderMark[1], byteOrderMark[2]:
				continue
			case '{':
			default:
				o.line, stray = l.number+1, true
				continue
			}
			if stray {
				_ = l.r.UnreadByte()
				return nil, errBetween
			}
			o.line = l.number + 1
		}
		if len(o.buf) < maxLine {
			o.buf = append(o.buf, c)
		} else {
			large = true
		}
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				if large {
					return nil, errLong
				}
				return o.buf, nil
			}
		}
	}
}

// malformed says what is wrong with an object.
func malformed(object []byte) error {
	var raw json.RawMessage
	d := json.NewDecoder(bytes.NewReader(object))
	switch err := d.Decode(&raw); {
	case err == nil:
		return errSeveral
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errNoEnd
	default:
		return fmt.Errorf("malformed JSON: %w", err)
	}
}

// A flattener passes the values in an object to leaf, with the names of the objects
// around them before their own name, as in id.orig_h.
type flattener struct {
	name []byte
	list []byte // name of the list around a value, if there is one
	// leaf takes a value. If it is in a list of objects, i is the object's index in the
	// list and n the length of the list; otherwise both are -1.
	leaf func(name, raw []byte, i, n int) error
}

// object passes the values of an object, which must be valid.
func (f *flattener) object(object []byte, i, n int) error {
	mark := len(f.name)
	err := members(object, func(key, value []byte) error {
		f.name = f.name[:mark]
		if mark > 0 {
			f.name = append(f.name, '.')
		}
		f.name = appendText(f.name, key)
		switch {
		case value[0] == '{':
			return f.object(value, i, n)
		case value[0] == '[' && n < 0:
			if count, all := countObjects(value); all {
				f.list = append(f.list[:0], f.name...)
				j := -1
				return elements(value, func(e []byte) error {
					if j++; e[0] == 'n' {
						return nil
					}
					return f.object(e, j, count)
				})
			}
		}
		return f.leaf(f.name, value, i, n)
	})
	f.name = f.name[:mark]
	return err
}

// countObjects returns the length of an array, and whether its elements are objects, or
// null but not all of them.
func countObjects(array []byte) (n int, all bool) {
	found := 0
	all = elements(array, func(e []byte) error {
		switch n++; e[0] {
		case '{':
			found++
		case 'n':
		default:
			return errNoObject
		}
		return nil
	}) == nil
	return n, all && found > 0
}

// members passes the members of an object, which must be valid, with their names as in
// the text, and returns the first error.
func members(object []byte, f func(key, value []byte) error) error {
	i := skipSpace(object, 1)
	for object[i] != '}' {
		end := skipValue(object, i)
		key := object[i:end]
		i = skipSpace(object, skipSpace(object, end)+1)
		end = skipValue(object, i)
		if err := f(key, object[i:end]); err != nil {
			return err
		}
		if i = skipSpace(object, end); object[i] == ',' {
			i = skipSpace(object, i+1)
		}
	}
	return nil
}

// elements passes the elements of an array, which must be valid.
func elements(array []byte, f func(value []byte) error) error {
	i := skipSpace(array, 1)
	for array[i] != ']' {
		end := skipValue(array, i)
		if err := f(array[i:end]); err != nil {
			return err
		}
		if i = skipSpace(array, end); array[i] == ',' {
			i = skipSpace(array, i+1)
		}
	}
	return nil
}

func skipSpace(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r' {
		i++
	}
	return i
}

// skipValue returns the end of the value at i.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		for i++; b[i] != '"'; i++ {
			if b[i] == '\\' {
				i++
			}
		}
		return i + 1
	case '{', '[':
		depth := 0
		for {
			switch b[i] {
			case '"':
				i = skipValue(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(b) {
		switch b[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			return i
		}
		i++
	}
	return i
}

// text returns a string of JSON without quotes and escapes, or another value as it is.
func text(raw []byte) string {
	if raw[0] != '"' {
		return string(raw)
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	return string(appendText(nil, raw))
}

// appendText appends a string of JSON without quotes and escapes. Unlike encoding/json it
// keeps bytes that are not UTF-8.
func appendText(dst, raw []byte) []byte {
	raw = raw[1 : len(raw)-1]
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			continue
		}
		i++
		switch c = raw[i]; c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := rune(hex4(raw[i+1:]))
			i += 4
			if utf16.IsSurrogate(r) && i+6 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
				if both := utf16.DecodeRune(r, rune(hex4(raw[i+3:]))); both != utf8.RuneError {
					r = both
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

func hex4(b []byte) uint64 {
	n, _ := strconv.ParseUint(string(b[:4]), 16, 32) // the text is valid
	return n
}
