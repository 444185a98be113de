package magic

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

func newMatcher() *Matcher { return &Matcher{detector: shared()} }

func TestAppend(t *testing.T) {
	zeros := func(n int) string { return strings.Repeat("\x00", n) }
	tests := []struct{ head, want string }{
		{"%PDF-1.7\n%\xe2\xe3", "application/pdf"},
		{"GIF89a\x01\x00\x01\x00", "image/gif"},
		{"\x89PNG\r\n\x1a\n", "image/png"},
		{"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"},
		{"MZ\x90\x00\x03\x00", "application/x-dosexec"},
		{"MZ" + zeros(28) + "Copyright 1989-1990 PKWARE Inc.", "application/zip"},
		{"\x1f\x8b\x08\x00", "application/x-gzip"},
		{"PK\x03\x04\x14\x00\x00\x00", "application/zip"},
		{"PK\x03\x04\x14\x00\x06\x00" + zeros(22) + "[Content_Types].xml" + zeros(40) + "PK\x03\x04" + zeros(26) + "word/document.xml",
			"application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"PK\x03\x04" + zeros(22) + "\x08\x00\x00\x00mimetypeapplication/vnd.oasis.opendocument.text\x00", "application/vnd.oasis.opendocument.text"},
		{"PK\x03\x04" + zeros(22) + "\x08\x00\x00\x00mimetypeapplication/vnd.oasis.opendocument.text-template", "application/vnd.oasis.opendocument.text-template"},
		{"<!DOCTYPE html>\n<html>", "text/html"},
		{"\xef\xbb\xbf  <!-- a --> \n<!-- b --><HTML>", "text/html"},
		{"\r\n\t<?xml version=\"1.0\"?>\n<!-- > --><!DocType  HTML PUBLIC", "text/html"},
		{"<?xml version=\"1.0\"?>\n<rss version=\"2.0\">", "text/rss"},
		{"<rss xmlns:atom=\"http", "text/atom"},
		{"<?xml version=\"1.0\"?>\n<data>", "application/xml"},
		{"<?xml version=\"1.0\"?>\n<svg xmlns=\"http", "image/svg+xml"},
		{"{\"key\" : [1]}", "text/json"},
		{" [ \"a\" , 1 ]", "text/json"},
		{"[section]\r\nkey=value", "text/ini"},
		{"#!/bin/sh\necho", "text/x-shellscript"},
		{"#!/usr/bin/env python\n", "text/x-python"},
		{"function(){ return", "text/plain"},
		{"(function() {", "application/javascript"},
		{"@echo off\r\n", "text/x-msdos-batch"},
		{"--- a/x\n+++ b/x\n@@ -1 +1 @@", "text/x-diff"},
		{"plain text of any kind", "text/plain"},
		{"short", ""},
		{"\xef\xbb\xbf0123456789", "text/plain"},
		{"\xff\xfe0\x001\x002\x00", ""},
		{"\x7fELF\x01\x01" + zeros(9) + "\x00\x02\x00", "application/x-executable"},
		{"\x7fELF\x02\x02" + zeros(9) + "\x00\x00\x03", "application/x-sharedlib"},
		{"0\x82\x01\x0a\x0a\x01\x00\xa0\x82\x01\x03\x30\x82\x01\xff\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01", "application/ocsp-response"},
		{strings.Repeat("G"+strings.Repeat("\xff", 187), 4), "video/mp2t"},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"},
		{"a.txt" + zeros(95) + "0000644\x000001750\x000001750\x0000000000014\x0014720314623\x00012345\x00 9", ""},
		{"a.txt" + zeros(95) + "0000644\x000001750\x000001750\x0000000000014\x0014720314623\x000012345\x000", "application/x-tar"},
	}
	m := newMatcher()
	for _, tt := range tests {
		var got string
		all := m.Append(nil, []byte(tt.head), false)
		if best := m.Append(nil, []byte(tt.head), true); !slices.Equal(best, all[:min(len(all), 1)]) {
			t.Errorf("%q: best of %v: %v", tt.head, all, best)
		}
		if len(all) > 0 {
			got = all[0].MIME
		}
		if got != tt.want {
			t.Errorf("%.40q is %q, want %q", tt.head, got, tt.want)
		}
	}
}

// oracle matches the rules with package regexp, to compare the detector with.
type oracle []struct {
	rule *compiledRule
	re   *regexp.Regexp
}

func newOracle(t testing.TB) oracle {
	expand := strings.NewReplacer(pieces...)
	d := shared()
	byRule := map[event.MIMEMatch][]string{}
	for _, r := range rules {
		text := expand.Replace(expand.Replace(expand.Replace(r.pattern)))
		k := event.MIMEMatch{Strength: r.strength, MIME: r.mime}
		byRule[k] = append(byRule[k], text)
	}
	var o oracle
	for i := range d.rules {
		r := &d.rules[i]
		k := event.MIMEMatch{Strength: r.strength, MIME: r.mime}
		texts := byRule[k]
		if texts == nil {
			continue
		}
		delete(byRule, k)
		re, err := regexp.Compile("^(?s:(?:" + strings.Join(texts, ")|(?:") + "))")
		if err != nil {
			t.Fatal(err)
		}
		o = append(o, struct {
			rule *compiledRule
			re   *regexp.Regexp
		}{r, re})
	}
	return o
}

func (o oracle) match(head []byte) []event.MIMEMatch {
	runes := make([]rune, len(head))
	for i, b := range head {
		runes[i] = rune(b)
	}
	text := string(runes)
	var all []event.MIMEMatch
	for _, r := range o {
		if r.re.MatchString(text) {
			all = append(all, event.MIMEMatch{Strength: r.rule.strength, MIME: r.rule.mime})
		}
	}
	return all
}

// sample returns bytes that patterns match in part: pieces of patterns and
// noise.
func sample(rng *rand.Rand) []byte {
	var b []byte
	for range 1 + rng.IntN(6) {
		switch rng.IntN(4) {
		case 0:
			for range rng.IntN(40) {
				b = append(b, byte(rng.Uint32()))
			}
		case 1:
			b = append(b, strings.Repeat(" ", rng.IntN(3))...)
			b = append(b, []string{"<!-- x -->", "<?xml version=\"1.0\" ?>", "<", "\n", "--", "[a]", "\"k\":1", "echo off", "html"}[rng.IntN(9)]...)
		default:
			b = append(b, shared().rules[rng.IntN(len(rules))].example(rng)...)
		}
	}
	return b[:min(len(b), Size)]
}

// example returns bytes that r matches.
func (r *compiledRule) example(rng *rand.Rand) []byte {
	var b []byte
	if r.prefix >= 0 {
		b = example(shared().prefixes[r.prefix].steps, rng)
	}
	return append(b, example(r.steps, rng)...)
}

func example(steps []step, rng *rand.Rand) []byte {
	var b []byte
	for i := range steps {
		s := &steps[i]
		n := s.min
		if s.max > s.min {
			n += rng.IntN(min(s.max-s.min, 5) + 1)
		}
		switch s.kind {
		case stepLiteral, stepFold:
			b = append(b, s.lit...)
		case stepAny:
			for range n {
				b = append(b, byte(rng.Uint32()))
			}
		case stepBytes:
			for range n {
				c := byte(rng.Uint32())
				for !s.set.has(c) {
					c++
				}
				b = append(b, c)
			}
		case stepGroup:
			for range n {
				b = append(b, example(s.alts[rng.IntN(len(s.alts))], rng)...)
			}
		}
	}
	return b
}

func TestAgainstRegexp(t *testing.T) {
	o, m := newOracle(t), newMatcher()
	rng := rand.New(rand.NewPCG(1, 2))
	n := 3000
	if testing.Short() {
		n = 300
	}
	for range n {
		head := sample(rng)
		if got, want := m.Append(nil, head, false), o.match(head); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", head, got, want)
		}
	}
}

// TestExamples verifies that every rule can match.
func TestExamples(t *testing.T) {
	m := newMatcher()
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range m.rules {
		r := &m.rules[i]
		head := r.example(rng)
		if !slices.Contains(m.Append(nil, head, false), event.MIMEMatch{Strength: r.strength, MIME: r.mime}) {
			t.Errorf("%q is no %s", head, r.mime)
		}
	}
}

func FuzzAppend(f *testing.F) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		f.Add(sample(rng))
	}
	o, m := newOracle(f), newMatcher()
	f.Fuzz(func(t *testing.T, head []byte) {
		head = head[:min(len(head), 512)]
		if got, want := m.Append(nil, head, false), o.match(head); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", head, got, want)
		}
	})
}

func TestAllocs(t *testing.T) {
	m := newMatcher()
	heads := [][]byte{[]byte("<!-- x --><html>"), bytes.Repeat([]byte("<!---->"), 585), make([]byte, Size)}
	dst := make([]event.MIMEMatch, 0, 16)
	run := func() {
		for _, h := range heads {
			m.Append(dst, h, false)
		}
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 8))
	noise := make([]byte, Size)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	page := []byte("<!DOCTYPE html>\n<html><head>" + strings.Repeat("<meta name=\"x\" content=\"y\">\n", 200))[:Size]
	for name, head := range map[string][]byte{
		"html": page, "jpeg": append([]byte("\xff\xd8\xff"), noise[3:]...), "noise": noise, "short": []byte("{\"a\": 1}"),
		"comments": bytes.Repeat([]byte("<!---->"), 585), "json": []byte("{\"abc\":\"" + strings.Repeat("x", 4000)),
		"page": []byte("<html>" + strings.Repeat("x", 600) + "</html>"),
	} {
		b.Run(name, func(b *testing.B) {
			m := newMatcher()
			dst := make([]event.MIMEMatch, 0, 16)
			b.ReportAllocs()
			for b.Loop() {
				m.Append(dst, head, false)
			}
		})
	}
}
