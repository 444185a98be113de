package kafka

import (
	"fmt"
	"slices"
	"strings"
)

// A template is text with names in braces, such as "zeek-{log}".
type template []piece

// A piece is text, or a name to be replaced by its value.
type piece struct {
	text string
	name bool
}

func parseTemplate(s string) (template, error) {
	var t template
	for s != "" {
		text, rest, open := strings.Cut(s, "{")
		if strings.Contains(text, "}") {
			return nil, fmt.Errorf("%q has a } without its {", s)
		}
		if text != "" {
			t = append(t, piece{text: text})
		}
		if !open {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.Contains(name, "{") {
			return nil, fmt.Errorf("%q: want a name between { and }", "{"+rest)
		}
		t = append(t, piece{name, true})
		s = after
	}
	return t, nil
}

// names returns the names in t without duplicates.
func (t template) names() []string {
	var list []string
	for _, p := range t {
		if p.name && !slices.Contains(list, p.text) {
			list = append(list, p.text)
		}
	}
	return list
}

// with replaces the names in values with their text.
func (t template) with(values map[string]string) template {
	var out template
	for _, p := range t {
		if v, ok := values[p.text]; p.name && ok {
			p = piece{text: v}
		}
		if n := len(out); n > 0 && !p.name && !out[n-1].name {
			out[n-1].text += p.text
			continue
		}
		out = append(out, p)
	}
	return out
}

// Columns returns the columns named in a template of keys.
func Columns(key string) ([]string, error) {
	t, err := parseTemplate(key)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(t.names(), func(n string) bool { return n == "log" || n == "sensor" }), nil
}

// topicName returns the topic of a log.
func topicName(t template, log, sensor string) (string, error) {
	var b strings.Builder
	for _, p := range t.with(map[string]string{"log": log, "sensor": sensor}) {
		if p.name {
			return "", fmt.Errorf("topic: there is no {%s}; known: {log}, {sensor}", p.text)
		}
		b.WriteString(p.text)
	}
	name := b.String()
	if name == "" || len(name) > 249 || name == "." || name == ".." || strings.ContainsFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-')
	}) {
		return "", fmt.Errorf("topic: %q cannot be the name of a topic: letters, digits, '.', '_' and '-', at most 249", name)
	}
	return name, nil
}
