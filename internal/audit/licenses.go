package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// allowed lists the licenses that a module may have, by SPDX identifier, and why: all let
// anyone use, change and pass on the program, in any form.
var allowed = map[string]string{
	"Apache-2.0":   "wirelog's own",
	"BSD-2-Clause": "asks for the notice",
	"BSD-3-Clause": "asks for the notice",
	"CC0-1.0":      "public domain",
	"ISC":          "asks for the notice",
	"MIT":          "asks for the notice",
	"Unlicense":    "public domain",
}

// marks are phrases that only texts of the license contain, in lower case and with single
// spaces. Those of licenses that are not allowed are here so that they are named.
var marks = []struct{ id, phrase string }{
	{"Apache-2.0", "apache license version 2.0, january 2004"},
	{"Apache-2.0", "licensed under the apache license, version 2.0"},
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD-3-Clause", "may be used to endorse or promote products derived from this software"},
	{"BSD-2-Clause", "redistribution and use in source and binary forms, with or without modification"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"CC0-1.0", "cc0 1.0 universal"},
	{"CC0-1.0", "creativecommons.org/publicdomain/zero/1.0"},
	{"MPL-2.0", "mozilla public license"},
	{"EPL", "eclipse public license"},
	{"GPL", "gnu general public license"},
	{"LGPL", "gnu lesser general public license"},
	{"AGPL", "gnu affero general public license"},
	{"SSPL", "server side public license"},
	{"BUSL", "business source license"},
}

// choice is how a text says that one of several licenses may be chosen.
var choice = regexp.MustCompile(`SPDX-License-Identifier: ([\w.-]+(?: OR [\w.-]+)+)`)

// identify returns the SPDX identifiers of the licenses in a text, sorted. Of those that the text
// leaves to choose from it is one that is allowed.
func identify(text []byte) []string {
	if m := choice.FindSubmatch(text); m != nil {
		for id := range strings.SplitSeq(string(m[1]), " OR ") {
			if allowed[id] != "" {
				return []string{id}
			}
		}
	}
	words := bytes.Join(bytes.Fields(bytes.ToLower(text)), []byte(" "))
	var ids []string
	for _, m := range marks {
		if bytes.Contains(words, []byte(m.phrase)) && !slices.Contains(ids, m.id) {
			ids = append(ids, m.id)
		}
	}
	if slices.Contains(ids, "BSD-3-Clause") { // it has the words of the shorter one too
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == "BSD-2-Clause" })
	}
	slices.Sort(ids)
	return ids
}

// licenses returns the identifiers of all licenses of m that apply to what is imported.
func (m *module) licenses() ([]string, error) {
	files, err := m.files()
	if err != nil {
		return nil, err
	}
	var all []string
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(m.Dir, filepath.FromSlash(f)))
		if err != nil {
			return nil, err
		}
		ids := identify(text)
		if len(ids) == 0 && !strings.HasPrefix(strings.ToUpper(path.Base(f)), "NOTICE") {
			return nil, fmt.Errorf("%s: %s: the license is not known", m.Path, f)
		}
		all = append(all, ids...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// expression joins identifiers to an SPDX expression.
func expression(ids []string) string { return strings.Join(ids, " AND ") }

// goLicense stands for the standard library, which has the license of the modules that the
// same authors keep beside it.
const goLicense = "golang.org/x/sys"

const noticesHead = `Third-party notices

The program wirelog contains the Go standard library and packages of the modules below, each
under its own license. Written by "make notices".
`

// notices returns the licenses of the modules in the program. Equal texts are there once.
func notices() ([]byte, error) {
	mods, err := modules(false)
	if err != nil {
		return nil, err
	}
	type notice struct {
		of   []string
		text []byte
	}
	var all []*notice
	for _, m := range mods {
		files, err := m.files()
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(m.Dir, filepath.FromSlash(f)))
			if err != nil {
				return nil, err
			}
			text = tidy(text)
			i := slices.IndexFunc(all, func(n *notice) bool { return bytes.Equal(n.text, text) })
			if i < 0 {
				i = len(all)
				all = append(all, &notice{text: text})
			}
			name := m.Path
			if dir := path.Dir(f); dir != "." {
				name += "/" + dir
			}
			if m.Path == goLicense {
				all[i].of = append(all[i].of, "the Go standard library")
			}
			all[i].of = append(all[i].of, name)
		}
	}
	var b bytes.Buffer
	b.WriteString(noticesHead)
	for _, n := range all {
		fmt.Fprintf(&b, "\n%s\n", strings.Repeat("=", 80))
		for _, of := range slices.Compact(n.of) {
			fmt.Fprintln(&b, of)
		}
		fmt.Fprintf(&b, "%s\n\n%s\n", strings.Repeat("-", 80), n.text)
	}
	return b.Bytes(), nil
}

// tidy removes carriage returns, spaces at the ends of lines and empty lines around a text.
func tidy(text []byte) []byte {
	lines := bytes.Split(text, []byte("\n"))
	for i := range lines {
		lines[i] = bytes.TrimRight(lines[i], " \t\r")
	}
	return bytes.Trim(bytes.Join(lines, []byte("\n")), "\n")
}
