package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestIdentify(t *testing.T) {
	const redistribution = "Redistribution of this program in source and binary forms"
	for text, want := range map[string][]string{
		"   Apache License\n   Version 2.0, January 2004\n":                                                                                                         {"Apache-2.0"},
		"Permission is hereby granted, free of charge,\nto any person obtaining a copy":                                                                             {"MIT"},
		"Redistribution and use in source and binary forms, with or\nwithout modification, are ":                                                                    {"BSD-2-Clause"},
		"Redistribution and use in source and binary forms, with or without modification. may be used to\r\nendorse or promote products derived from this software": {"BSD-3-Clause"},
		"Permission to use, copy, modify, and/or distribute this software for any purpose with":                                                                     {"ISC"},
		"GNU AFFERO GENERAL PUBLIC LICENSE Version 3":                                                                                                               {"AGPL"},
		"Mozilla Public License Version 2.0":                                                                                                                        {"MPL-2.0"},
		"all rights reserved":                                                                                                                                       nil,
		"/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */ GNU General Public License":                                                                    {"BSD-3-Clause"},
		"/* SPDX-License-Identifier: GPL-2.0 OR LGPL-2.1 */ GNU General Public License":                                                                             {"GPL"},
		redistribution: nil,
	} {
		if got := identify([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// fake is a module of which two packages are imported, one with a license of its own.
func fake(t *testing.T) *module {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"LICENSE":               "Permission is hereby granted, free of charge, to any person obtaining a copy",
		"license.go":            "package fake",
		"in/deep/COPYING.txt":   "This is free and unencumbered software released into the public domain",
		"not-imported/LICENSE":  "GNU General Public License",
		"in/deep/NOTICE":        "made by others",
		"in/deep/license_go.go": "package deep",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &module{Path: "example.com/Fake", Version: "v1.2.3+incompatible", Dir: dir,
		dirs: map[string]bool{dir: true, filepath.Join(dir, "in", "deep"): true}}
}

func TestFiles(t *testing.T) {
	m := fake(t)
	files, err := m.files()
	if want := []string{"LICENSE", "in/deep/COPYING.txt", "in/deep/NOTICE"}; err != nil || !slices.Equal(files, want) {
		t.Errorf("%q, %v", files, err)
	}
	ids, err := m.licenses()
	if err != nil || expression(ids) != "MIT AND Unlicense" {
		t.Errorf("%q, %v", ids, err)
	}
	m.Dir = filepath.Join(m.Dir, "in")
	m.dirs = map[string]bool{m.Dir: true}
	if _, err := m.licenses(); err == nil {
		t.Error("a module without a license is no error")
	}
}

func TestBOM(t *testing.T) {
	m := fake(t)
	main := &module{Path: "example.com/prog", main: true, needs: map[string]bool{m.Path: true}}
	list, err := makeBOM([]*module{m, main}, "1.26.8")
	if err != nil {
		t.Fatal(err)
	}
	const ref = "pkg:golang/example.com/fake@v1.2.3%2Bincompatible"
	if list.Metadata.Component.Name != main.Path || len(list.Components) != 2 || list.Components[1].Ref != ref ||
		list.Components[1].Licenses[0].Expression != "MIT AND Unlicense" {
		text, _ := json.Marshal(list)
		t.Errorf("%s", text)
	}
	if d := list.Dependencies[1]; !slices.Equal(d.On, []string{"pkg:golang/std@1.26.8", ref}) {
		t.Errorf("%+v", d)
	}
}

func TestCollect(t *testing.T) {
	byPath := map[string]*module{}
	if err := collect(byPath, []byte(`
		{"ImportPath": "fmt", "Dir": "/go/fmt"}
		{"ImportPath": "b.org/b/x", "Dir": "/m/b/x", "Module": {"Path": "b.org/b", "Version": "v1.0.0", "Dir": "/m/b"}}
		{"ImportPath": "a.org/a", "Dir": "/a", "Imports": ["fmt", "b.org/b/x"], "Module": {"Path": "a.org/a", "Dir": "/a", "Main": true}}`)); err != nil {
		t.Fatal(err)
	}
	a, b := byPath["a.org/a"], byPath["b.org/b"]
	if len(byPath) != 2 || !a.main || !a.needs["b.org/b"] || b.main || !b.dirs["/m/b/x"] || len(b.needs) != 0 {
		t.Errorf("%+v, %+v", a, b)
	}
}
