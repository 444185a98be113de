package login

import (
	"bytes"
	"slices"
)

// texts is a list of texts to look for in lines.
type texts struct {
	all  bool // an empty list that matches every line, as in Zeek
	list []text
}

// text is a sequence of characters, some of which stand for any.
type text struct {
	chars []byte
	any   []bool // per character; nil if none stands for any
}

// newTexts reads a list in which . stands for any character, ? after a character makes it
// optional, and \ takes the character after it as it is. These are the regular expressions
// that Zeek's lists use.
func newTexts(list []string, emptyMatches bool) *texts {
	t := &texts{all: emptyMatches && len(list) == 0}
	for _, s := range list {
		variants := []text{{}}
		for i := 0; i < len(s); i++ {
			c, anyChar := s[i], s[i] == '.'
			if c == '\\' && i+1 < len(s) {
				i++
				c = s[i]
			}
			var without []text
			if i+1 < len(s) && s[i+1] == '?' {
				i++
				for _, v := range variants {
					without = append(without, text{slices.Clone(v.chars), slices.Clone(v.any)})
				}
			}
			for k := range variants {
				v := &variants[k]
				v.chars, v.any = append(v.chars, c), append(v.any, anyChar)
			}
			// Of a line's matches the one that ends first counts, so variants may be in any
			// order.
			variants = append(variants, without...)
		}
		for _, v := range variants {
			if !slices.Contains(v.any, true) {
				v.any = nil
			}
			if len(v.chars) > 0 {
				t.list = append(t.list, v)
			}
		}
	}
	return t
}

// end returns the end of the match in line that ends first, or 0 if there is none. It may
// lie beyond an empty line.
func (t *texts) end(line []byte) int {
	if t.all {
		return 1
	}
	best := 0
	for i := range t.list {
		s := &t.list[i]
		if at := s.index(line); at >= 0 {
			best = at + len(s.chars)
			line = line[:best] // later ends do not count
		}
	}
	return best
}

// in reports whether line has one of the texts.
func (t *texts) in(line []byte) bool { return t.end(line) != 0 }

// index returns where s begins in line, or -1.
func (s *text) index(line []byte) int {
	if s.any == nil {
		return bytes.Index(line, s.chars)
	}
	for i := 0; i+len(s.chars) <= len(line); i++ {
		if s.at(line[i:]) {
			return i
		}
	}
	return -1
}

// at reports whether line begins with s.
func (s *text) at(line []byte) bool {
	for i, c := range s.chars {
		if !s.any[i] && line[i] != c {
			return false
		}
	}
	return true
}
