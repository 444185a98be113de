package event

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	docs := map[string]string{}
	for _, info := range Catalogue() {
		if seen[info.Name] {
			t.Errorf("%s stands in the catalogue twice; if it has a struct, delete its line in catalogue.txt", info.Name)
		}
		seen[info.Name] = true
		if info.Name == "" || info.Section == "" {
			t.Errorf("%q in section %q lacks its name or section", info.Name, info.Section)
		}
		if !strings.HasPrefix(info.Doc, "Raised ") || !strings.HasSuffix(info.Doc, ".") {
			t.Errorf("%s: %q is not a sentence that begins with Raised", info.Name, info.Doc)
		}
		if other, ok := docs[info.Doc]; ok {
			t.Errorf("%s and %s have the same description", info.Name, other)
		}
		docs[info.Doc] = info.Name
		names := map[string]bool{}
		for _, p := range info.Params {
			if p.Name == "" || p.Type == "" || names[p.Name] {
				t.Errorf("%s: parameter %q of type %q", info.Name, p.Name, p.Type)
			}
			names[p.Name] = true
		}
	}
	if !slices.IsSortedFunc(Catalogue(), func(a, b Info) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the catalogue is not sorted")
	}
}

// TestCatalogueAgainstReference compares the catalogue with the reference's,
// which is beside the repository on development machines.
func TestCatalogueAgainstReference(t *testing.T) {
	data, err := os.ReadFile("../../../shared/reference/events.json")
	if os.IsNotExist(err) {
		t.Skip("the reference catalogue is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	var reference map[string]struct {
		Section    string
		Deprecated bool
		Params     []struct{ Name, Type string }
		Reference  struct {
			Args       []string
			ArgsDiffer bool `json:"args_differ"`
		}
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference) < 500 {
		t.Fatalf("the reference has %d events", len(reference))
	}
	ours := map[string]Info{}
	for _, info := range Catalogue() {
		ours[info.Name] = info
	}
	for name, ref := range reference {
		info, ok := ours[name]
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		if info.Section != ref.Section || info.Deprecated != ref.Deprecated || info.Own {
			t.Errorf("%s: section %s, deprecated %v, own %v; the reference has %s, %v",
				name, info.Section, info.Deprecated, info.Own, ref.Section, ref.Deprecated)
		}
		var args []string
		for _, p := range info.Params {
			if p.Type != "connection" && p.Type != "fa_file" {
				args = append(args, p.Name)
			}
		}
		if len(ref.Reference.Args) != 0 && !slices.Equal(args, ref.Reference.Args) {
			t.Errorf("%s: parameters %v, the reference has %v", name, args, ref.Reference.Args)
		}
		if info.Built && !ref.Reference.ArgsDiffer {
			for i, p := range ref.Params {
				switch {
				case i >= len(info.Params):
					t.Errorf("%s lacks parameter %s", name, p.Name)
				case info.Params[i].Type != p.Type && p.Type != "icmp_conn":
					t.Errorf("%s: %s has type %s, the reference has %s", name, p.Name, info.Params[i].Type, p.Type)
				}
			}
		}
	}
}

func TestParseCatalogue(t *testing.T) {
	infos, err := parseCatalogue("# c\n\n[S]\na(): when it is (or is not): so.\n!b(c: connection, n: count): for b.\n")
	if err != nil || len(infos) != 2 {
		t.Fatalf("%v, %v", infos, err)
	}
	if a := infos[0]; a.Name != "a" || a.Section != "S" || a.Doc != "Raised when it is (or is not): so." || a.Params != nil || a.Deprecated || a.Built {
		t.Errorf("%+v", a)
	}
	if b := infos[1]; b.Name != "b" || !b.Deprecated || !slices.Equal(b.Params, []Param{{"c", "connection"}, {"n", "count"}}) {
		t.Errorf("%+v", b)
	}
	for _, text := range []string{
		"a(): outside.\n", "[S\na(): x.\n", "[S]\na: x.\n", "[S]\na()\n", "[S]\n(): x.\n", "[S]\na(b): x.\n", "[S]\na(: c): x.\n",
	} {
		if _, err := parseCatalogue(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

// TestEveryEventIsRaised checks that this build raises every event of the catalogue, all
// 520 of the documents among them. internal/gen/events checks that an analyzer raises what
// counts as built.
func TestEveryEventIsRaised(t *testing.T) {
	all := map[string]bool{}
	for _, info := range Catalogue() {
		all[info.Name] = true
		if !info.Built {
			t.Fatalf("%s is not raised", info.Name)
		}
	}
	if len(all) < 520 {
		t.Errorf("the catalogue has %d events", len(all))
	}
	data, err := os.ReadFile("../../../shared/reference/events.json")
	if err != nil {
		t.Skip("the reference catalogue is not there")
	}
	var documents map[string]json.RawMessage
	if err := json.Unmarshal(data, &documents); err != nil {
		t.Fatal(err)
	}
	if len(documents) != 520 {
		t.Errorf("the documents have %d events", len(documents))
	}
	for name := range documents {
		if !all[name] {
			t.Fatalf("%s is not in the catalogue", name)
		}
	}
}
