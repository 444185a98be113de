// Package magic recognizes media types by the content of a file: its beginning
// is matched with the signatures of Zeek's base/frameworks/files/magic.
//
// A [Matcher] belongs to one goroutine; the compiled rules behind it are shared:
//
//	var m magic.Matcher
//	matches = m.Append(matches[:0], data[:min(len(data), magic.Size)], false)
//	if len(matches) > 0 {
//		fmt.Println(matches[0].MIME) // the best
//	}
package magic

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"

	"github.com/wirelog/wirelog/dissect/event"
)

// Size is how much of a file's beginning, in bytes, callers are expected to match
// (Zeek's default_file_bof_buffer_size).
const Size = 4096

// rule is a way to recognize a media type.
type rule struct {
	strength int64
	mime     string
	pattern  string
}

// detector is the compiled rules. It is shared and immutable.
type detector struct {
	rules []compiledRule
	// prefixes are sequences of pieces with which several rules begin.
	prefixes []prefix
	// byFirst are the checks of the rules that a first byte allows, best first.
	byFirst [256][]check
}

// check rules out most rules. It is packed for the sake of the cache, and has
// the minimum length of the file and, if looks is set, two bytes at an offset.
type check struct {
	rule, min, at, want uint16
	looks               bool
}

type compiledRule struct {
	strength int64
	mime     string
	// lit must be at offset at. This decides most rules.
	at     int
	lit    string
	prefix int     // index of the shared prefix before steps, or -1
	second byteSet // possible second bytes of a match of steps
	steps  []step
	plain  bool // lit is all that has to match
	// min is the minimum length of a match. need are bytes that must occur
	// somewhere in it, for rules that would otherwise have to search
	// everywhere.
	min  int
	need []byte
}

var shared = sync.OnceValue(func() *detector {
	d, err := newDetector(rules)
	if err != nil {
		panic(err)
	}
	return d
})

// Types returns the media types that are recognized, each once, in order.
func Types() []string {
	list := make([]string, len(rules))
	for i := range rules {
		list[i] = rules[i].mime
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func newDetector(rules []rule) (*detector, error) {
	d := &detector{rules: make([]compiledRule, 0, len(rules))}
	prefixes := map[string]int{"": -1}
	for _, r := range rules {
		n := 0
		for strings.HasPrefix(r.pattern[n:], "{") {
			n += strings.IndexByte(r.pattern[n:], '}') + 1
		}
		pattern := r.pattern[:n]
		prefix, ok := prefixes[pattern]
		if !ok {
			steps, err := compilePattern(pattern)
			if err != nil {
				return nil, err
			}
			prefix = len(d.prefixes)
			prefixes[pattern] = prefix
			d.prefixes = append(d.prefixes, newPrefix(steps))
		}
		steps, err := compilePattern(r.pattern[n:])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.mime, err)
		}
		c := compiledRule{strength: r.strength, mime: r.mime, prefix: prefix, steps: steps, second: secondBytes(steps)}
		if prefix < 0 {
			c.findLiteral()
			c.min = minLength(steps)
			if len(steps) > 1 && steps[0].kind == stepAny && steps[0].max == unbounded && steps[1].kind == stepLiteral {
				c.need = steps[1].raw
			}
		}
		d.rules = append(d.rules, c)
	}
	slices.SortStableFunc(d.rules, func(a, b compiledRule) int {
		return cmp.Or(cmp.Compare(b.strength, a.strength), cmp.Compare(a.mime, b.mime))
	})
	d.sort()
	return d, nil
}

// sort lists the rules by their possible first bytes.
func (d *detector) sort() {
	first := make([]byteSet, len(d.rules))
	var sizes [256]int
	for i := range d.rules {
		r := &d.rules[i]
		if r.prefix < 0 || firstBytes(d.prefixes[r.prefix].steps, &first[i]) {
			firstBytes(r.steps, &first[i])
		}
		for b := range sizes {
			if first[i].has(byte(b)) {
				sizes[b]++
			}
		}
	}
	for b, n := range sizes {
		d.byFirst[b] = make([]check, 0, n)
	}
	for i := range d.rules {
		c := d.rules[i].check(uint16(i))
		for b := range d.byFirst {
			if first[i].has(byte(b)) {
				d.byFirst[b] = append(d.byFirst[b], c)
			}
		}
	}
}

// check returns a check of two bytes of the rule's literal, if possible not the file's first,
// which has already selected the rule.
func (c *compiledRule) check(rule uint16) check {
	k := check{rule: rule, min: uint16(max(c.min, 1))}
	skip := 0
	if c.at == 0 {
		skip = 1
	}
	if len(c.lit) >= skip+2 {
		k.at = uint16(c.at + skip)
		k.want, k.looks = binary.LittleEndian.Uint16([]byte(c.lit[skip:])), true
	}
	return k
}

var replacer = strings.NewReplacer(pieces...)

func compilePattern(text string) ([]step, error) {
	for strings.Contains(text, "{") {
		next := replacer.Replace(text)
		if next == text {
			break // only repetitions are left
		}
		text = next // pieces may contain pieces
	}
	re, err := syntax.Parse(text, syntax.Perl|syntax.DotNL)
	if err != nil {
		return nil, err
	}
	return compileSteps(nil, re)
}

// byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }
func (s *byteSet) add(b byte)      { s[b>>6] |= 1 << (b & 63) }

func (s *byteSet) addAll(o *byteSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

var anyByte = byteSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}

type stepKind uint8

const (
	stepLiteral stepKind = iota // lit
	stepFold                    // lit in any case; lit itself is in lower case
	stepBytes                   // between min and max bytes of set
	stepAny                     // between min and max bytes
	stepGroup                   // one of alts, repeated between min and max times
)

// step is one part of a pattern.
type step struct {
	kind     stepKind
	lit      string
	raw      []byte // lit
	set      byteSet
	min, max int // max is unbounded for no maximum
	alts     [][]step
}

const unbounded = 1 << 30

// maxUnrolled is the largest repetition of several steps that is unrolled.
const maxUnrolled = 8

// compileSteps appends the steps of re, a pattern whose runes are bytes.
func compileSteps(dst []step, re *syntax.Regexp) ([]step, error) {
	switch re.Op { //nolint:exhaustive // the others cannot be matched, see below
	case syntax.OpEmptyMatch:
		return dst, nil
	case syntax.OpLiteral:
		b := make([]byte, len(re.Rune))
		for i, r := range re.Rune {
			b[i] = byte(r)
		}
		if re.Flags&syntax.FoldCase != 0 {
			return append(dst, step{kind: stepFold, lit: strings.ToLower(string(b))}), nil
		}
		return append(dst, step{kind: stepLiteral, lit: string(b), raw: b}), nil
	case syntax.OpCharClass:
		s := step{kind: stepBytes, min: 1, max: 1}
		for i := 0; i < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= min(re.Rune[i+1], 255); r++ {
				s.set.add(byte(r))
			}
		}
		return append(dst, s), nil
	case syntax.OpAnyChar:
		return append(dst, step{kind: stepAny, min: 1, max: 1}), nil
	case syntax.OpConcat:
		var err error
		for _, sub := range re.Sub {
			if dst, err = compileSteps(dst, sub); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case syntax.OpAlternate:
		g := step{kind: stepGroup, min: 1, max: 1}
		for _, sub := range re.Sub {
			alt, err := compileSteps(nil, sub)
			if err != nil {
				return nil, err
			}
			g.alts = append(g.alts, alt)
		}
		return append(dst, g), nil
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		sub, err := compileSteps(nil, re.Sub[0])
		if err != nil {
			return nil, err
		}
		lo, hi := 0, unbounded
		switch re.Op { //nolint:exhaustive // of the operators of the case around
		case syntax.OpPlus:
			lo = 1
		case syntax.OpQuest:
			hi = 1
		case syntax.OpRepeat:
			if lo = re.Min; re.Max >= 0 {
				hi = re.Max
			}
		}
		if len(sub) == 1 && (sub[0].kind == stepBytes || sub[0].kind == stepAny) && sub[0].min == 1 && sub[0].max == 1 {
			s := sub[0]
			s.min, s.max = lo, hi
			return append(dst, s), nil
		}
		if lo == hi && lo <= maxUnrolled {
			// Unrolled steps have fixed places and need no search.
			for range lo {
				dst = append(dst, sub...)
			}
			return dst, nil
		}
		return append(dst, step{kind: stepGroup, min: lo, max: hi, alts: [][]step{sub}}), nil
	case syntax.OpCapture:
		return compileSteps(dst, re.Sub[0])
	}
	return nil, fmt.Errorf("%v cannot be matched", re.Op)
}

// findLiteral looks for a literal at a fixed offset.
func (c *compiledRule) findLiteral() {
	for i := range c.steps {
		s := &c.steps[i]
		switch {
		case s.kind == stepLiteral:
			c.lit = s.lit
			c.plain = i == len(c.steps)-1 && (i == 0 || i == 1 && c.steps[0].kind == stepAny)
			return
		case (s.kind == stepAny || s.kind == stepBytes) && s.min == s.max:
			c.at += s.min
		default:
			c.at = 0
			return
		}
	}
	c.at = 0
}

func minLength(steps []step) int {
	n := 0
	for i := range steps {
		s := &steps[i]
		switch s.kind {
		case stepLiteral, stepFold:
			n += len(s.lit)
		case stepBytes, stepAny:
			n += s.min
		case stepGroup:
			least := minLength(s.alts[0])
			for _, alt := range s.alts[1:] {
				least = min(least, minLength(alt))
			}
			n += s.min * least
		}
	}
	return n
}

// firstBytes adds to set the bytes with which a match of steps may begin, and
// reports whether the match may be empty.
func firstBytes(steps []step, set *byteSet) (empty bool) {
	for i := range steps {
		s := &steps[i]
		optional := false
		switch s.kind {
		case stepLiteral:
			set.add(s.lit[0])
		case stepFold:
			set.add(s.lit[0])
			if c := s.lit[0]; 'a' <= c && c <= 'z' {
				set.add(c - 'a' + 'A')
			}
		case stepBytes:
			set.addAll(&s.set)
			optional = s.min == 0
		case stepAny:
			set.addAll(&anyByte)
			optional = s.min == 0
		case stepGroup:
			optional = s.min == 0
			for _, alt := range s.alts {
				if firstBytes(alt, set) {
					optional = true
				}
			}
		}
		if !optional {
			return false
		}
	}
	return true
}

// prefix is a sequence of steps with which several rules begin. It may match
// the empty string.
type prefix struct {
	steps []step
	// some has, for each first byte of a file, the bytes that may follow it if the prefix
	// matches more than the empty string.
	some [256]byteSet
}

func newPrefix(steps []step) prefix {
	p := prefix{steps: steps}
	for b := range p.some {
		followers(steps, byte(b), &p.some[b])
	}
	return p
}

// followers adds to set the bytes that may follow b where steps match text that begins
// with b; it may add others too. It reports whether steps may match the empty string.
func followers(steps []step, b byte, set *byteSet) (empty bool) {
	for i := range steps {
		s := &steps[i]
		optional := s.optional()
		switch s.kind {
		case stepLiteral, stepFold:
			switch {
			case lower(s.lit[0]) != lower(b):
			case s.kind == stepLiteral && len(s.lit) > 1:
				set.add(s.lit[1])
			default:
				*set = anyByte
			}
		case stepBytes:
			if s.set.has(b) {
				*set = anyByte
			}
		case stepAny:
			*set = anyByte
		case stepGroup:
			for _, alt := range s.alts {
				if followers(alt, b, set) {
					optional = true
				}
			}
		}
		if !optional {
			return false
		}
	}
	return true
}

// secondBytes returns the possible second bytes of a match of steps, which has at
// least two bytes.
func secondBytes(steps []step) byteSet {
	var set byteSet
	if len(steps) == 0 || steps[0].kind != stepLiteral {
		return anyByte
	}
	if lit := steps[0].lit; len(lit) > 1 {
		set.add(lit[1])
	} else if firstBytes(steps[1:], &set) {
		return anyByte
	}
	return set
}

// Matcher matches the beginnings of files. It keeps scratch memory, so that a
// match allocates nothing in the long run, and belongs to one goroutine. The zero
// value is ready for use; the first match compiles the rules, once per process.
type Matcher struct {
	*detector // set by the first match
	free      []spans
	// ends holds, for prefixes that were needed, the offsets at which they may
	// end in the current file.
	ends []spans
}

// Append appends the media types of a file that begins with head to dst and
// returns it. The types come best first: by descending strength, then by name.
// If best is set, only the first of them is appended. Nothing is appended if no
// rule matches. head is not retained.
func (m *Matcher) Append(dst []event.MIMEMatch, head []byte, best bool) []event.MIMEMatch {
	if len(head) == 0 {
		return dst
	}
	if m.detector == nil {
		m.detector = shared()
	}
	defer m.forget()
	list := m.byFirst[head[0]]
	for i := range list {
		k := &list[i]
		if len(head) < int(k.min) || k.looks && binary.LittleEndian.Uint16(head[k.at:]) != k.want {
			continue
		}
		r := &m.rules[k.rule]
		if r.lit != "" && string(head[r.at:r.at+len(r.lit)]) != r.lit {
			continue
		}
		if n := len(dst); n > 0 && dst[n-1].Strength == r.strength && dst[n-1].MIME == r.mime {
			continue
		}
		if r.need != nil && !bytes.Contains(head, r.need) || !r.plain && !m.matches(r, head) {
			continue
		}
		dst = append(dst, event.MIMEMatch{Strength: r.strength, MIME: r.mime})
		if best {
			break
		}
	}
	return dst
}

// spans are offsets in ascending order, as ranges that neither overlap nor touch.
type spans []span

type span struct{ lo, hi int } // both included

// put adds lo to hi, which must not precede the last range.
func (s spans) put(lo, hi int) spans {
	if n := len(s); n > 0 && lo <= s[n-1].hi+1 {
		s[n-1].hi = max(s[n-1].hi, hi)
		return s
	}
	return append(s, span{lo, hi})
}

func (m *Matcher) get() spans {
	if n := len(m.free); n > 0 {
		s := m.free[n-1]
		m.free = m.free[:n-1]
		return s
	}
	return make(spans, 0, 16)
}

func (m *Matcher) release(s spans) { m.free = append(m.free, s[:0]) }

func (m *Matcher) matches(r *compiledRule, head []byte) bool {
	if r.prefix < 0 {
		return m.matchesAt(r.steps, 0, head)
	}
	if p := &m.prefixes[r.prefix]; len(head) > 1 && !p.some[head[0]].has(head[1]) {
		return r.second.has(head[1]) && m.matchesAt(r.steps, 0, head)
	}
	from := m.prefixEnds(r.prefix, head)
	if len(from) == 1 && from[0].lo == from[0].hi {
		if at := from[0].lo + 1; at < len(head) && !r.second.has(head[at]) {
			return false
		}
		return m.matchesAt(r.steps, from[0].lo, head)
	}
	to := m.run(r.steps, from, head)
	ok := len(to) > 0
	m.release(to)
	return ok
}

// matchesAt reports whether steps match from at on. It needs no sets as long as
// each step can end in only one place.
func (m *Matcher) matchesAt(steps []step, at int, head []byte) bool {
	for i := range steps {
		s := &steps[i]
		switch {
		case s.kind == stepLiteral:
			if len(head)-at < len(s.lit) || string(head[at:at+len(s.lit)]) != s.lit {
				return false
			}
			at += len(s.lit)
		case s.kind == stepFold:
			if len(head)-at < len(s.lit) || !foldEqual(head[at:], s.lit) {
				return false
			}
			at += len(s.lit)
		case s.kind == stepAny && s.min == s.max:
			if at += s.min; at > len(head) {
				return false
			}
		case s.kind == stepBytes && s.min == s.max:
			if len(head)-at < s.min {
				return false
			}
			for _, c := range head[at : at+s.min] {
				if !s.set.has(c) {
					return false
				}
			}
			at += s.min
		case s.kind == stepGroup && s.min == 1 && s.max == 1 && i == len(steps)-1:
			for _, alt := range s.alts {
				if m.matchesAt(alt, at, head) {
					return true
				}
			}
			return false
		default:
			start := [1]span{{at, at}}
			to := m.run(steps[i:], start[:], head)
			ok := len(to) > 0
			m.release(to)
			return ok
		}
	}
	return true
}

// foldEqual reports whether b begins with lit, which is in lower case, ignoring
// case.
func foldEqual(b []byte, lit string) bool {
	for i := range len(lit) {
		if lower(b[i]) != lit[i] {
			return false
		}
	}
	return true
}

func (m *Matcher) prefixEnds(i int, head []byte) spans {
	if m.ends == nil {
		m.ends = make([]spans, len(m.prefixes))
	}
	if m.ends[i] == nil {
		start := [1]span{}
		m.ends[i] = m.run(m.prefixes[i].steps, start[:], head)
	}
	return m.ends[i]
}

// forget releases the state of the last file.
func (m *Matcher) forget() {
	for i, e := range m.ends {
		if e != nil {
			m.release(e)
			m.ends[i] = nil
		}
	}
}

// optional reports whether the step may match the empty string.
func (s *step) optional() bool { return s.min == 0 && s.lit == "" }

// idle reports whether the step does not match at the offset, or matches only the
// empty string. Most optional steps are idle.
func (s *step) idle(at int, head []byte) bool {
	switch s.kind {
	case stepLiteral:
		return len(head)-at < len(s.lit) || string(head[at:at+len(s.lit)]) != s.lit
	case stepFold:
		return len(head)-at < len(s.lit) || !foldEqual(head[at:], s.lit)
	case stepBytes:
		return at == len(head) || !s.set.has(head[at])
	case stepAny:
		return at == len(head)
	case stepGroup:
		for _, alt := range s.alts {
			for i := range alt {
				if !alt[i].idle(at, head) {
					return false
				}
				if !alt[i].optional() && alt[i].kind != stepGroup {
					break // the alternative does not match
				}
			}
		}
		return true
	}
	return false
}

// run returns the offsets where steps that begin at from may end.
func (m *Matcher) run(steps []step, from spans, head []byte) spans {
	cur := append(m.get(), from...)
	for i := range steps {
		if len(cur) == 0 {
			break
		}
		s := &steps[i]
		if s.optional() && len(cur) == 1 && cur[0].lo == cur[0].hi && s.idle(cur[0].lo, head) {
			continue
		}
		next := m.get()
		switch s.kind {
		case stepLiteral:
			next = literalEnds(next, s.raw, cur, head)
		case stepFold:
			next = foldEnds(next, s.lit, cur, head)
		case stepBytes:
			next = byteEnds(next, s, cur, head)
		case stepAny:
			next = anyEnds(next, s, cur, head)
		case stepGroup:
			m.release(next)
			next = m.groupEnds(s, cur, head)
		}
		m.release(cur)
		cur = next
	}
	return cur
}

func literalEnds(dst spans, lit []byte, from spans, head []byte) spans {
	for _, f := range from {
		end := min(f.hi+len(lit), len(head))
		for at := f.lo; at+len(lit) <= end; at++ {
			i := bytes.Index(head[at:end], lit)
			if i < 0 {
				break
			}
			at += i
			dst = dst.put(at+len(lit), at+len(lit))
		}
	}
	return dst
}

func foldEnds(dst spans, lit string, from spans, head []byte) spans {
	for _, f := range from {
		for at := f.lo; at <= f.hi && at+len(lit) <= len(head); at++ {
			if foldEqual(head[at:], lit) {
				dst = dst.put(at+len(lit), at+len(lit))
			}
		}
	}
	return dst
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func byteEnds(dst spans, s *step, from spans, head []byte) spans {
	run := 0 // end of the run of bytes of the set that contains at
	for _, f := range from {
		for at := f.lo; at <= f.hi; at++ {
			run = max(run, at)
			for run < len(head) && run-at < s.max && s.set.has(head[run]) {
				run++
			}
			if run-at >= s.min {
				dst = dst.put(at+s.min, run)
			}
		}
	}
	return dst
}

func anyEnds(dst spans, s *step, from spans, head []byte) spans {
	for _, f := range from {
		if lo := f.lo + s.min; lo <= len(head) {
			dst = dst.put(lo, min(f.hi+min(s.max, len(head)), len(head)))
		}
	}
	return dst
}

// groupEnds repeats a group until it yields no new offset.
func (m *Matcher) groupEnds(s *step, from spans, head []byte) spans {
	all := m.get() // offsets at which it may end
	cur := append(m.get(), from...)
	if s.min == 0 {
		all = append(all, from...)
	}
	for n := 1; n <= s.max && len(cur) > 0; n++ {
		next := m.get()
		for _, alt := range s.alts {
			ends := m.run(alt, cur, head)
			merged := union(m.get(), next, ends)
			m.release(next)
			m.release(ends)
			next = merged
		}
		m.release(cur)
		if n < s.min {
			cur = next
			continue
		}
		cur = without(m.get(), next, all)
		merged := union(m.get(), all, next)
		m.release(all)
		m.release(next)
		all = merged
	}
	m.release(cur)
	return all
}

func union(dst, a, b spans) spans {
	for len(a) > 0 && len(b) > 0 {
		if a[0].lo <= b[0].lo {
			dst, a = dst.put(a[0].lo, a[0].hi), a[1:]
		} else {
			dst, b = dst.put(b[0].lo, b[0].hi), b[1:]
		}
	}
	for _, s := range a {
		dst = dst.put(s.lo, s.hi)
	}
	for _, s := range b {
		dst = dst.put(s.lo, s.hi)
	}
	return dst
}

// without appends the offsets of a that are not in b.
func without(dst, a, b spans) spans {
	for _, s := range a {
		lo := s.lo
		for len(b) > 0 && b[0].hi < lo {
			b = b[1:]
		}
		for _, o := range b {
			if o.lo > s.hi {
				break
			}
			if o.lo > lo {
				dst = append(dst, span{lo, o.lo - 1})
			}
			lo = o.hi + 1
		}
		if lo <= s.hi {
			dst = append(dst, span{lo, s.hi})
		}
	}
	return dst
}
