package main

import (
	"path/filepath"
	"reflect"
	"testing"
)

func TestDiff(t *testing.T) {
	before := figures{"logs": {"conn": {90, 100}, "weird": {10, 20}}}
	for _, c := range []struct {
		name         string
		now          figures
		falls, rises int
	}{
		{"same", figures{"logs": {"conn": {90, 100}, "weird": {10, 20}}}, 0, 0},
		{"more exact", figures{"logs": {"conn": {91, 100}, "weird": {10, 20}}}, 0, 1},
		{"fewer exact", figures{"logs": {"conn": {89, 100}, "weird": {12, 20}}}, 1, 2},
		{"more that are extra", figures{"logs": {"conn": {90, 101}, "weird": {10, 20}}}, 1, 1},
		{"more exact with an extra one", figures{"logs": {"conn": {95, 101}, "weird": {10, 20}}}, 0, 1},
		{"fewer extra", figures{"logs": {"conn": {90, 99}, "weird": {10, 20}}}, 0, 1},
		{"log gone", figures{"logs": {"conn": {90, 100}}}, 1, 0},
		{"new log", figures{"logs": {"conn": {90, 100}, "weird": {10, 20}, "dns": {1, 9}}}, 0, 1},
	} {
		falls, rises := c.now.diff(before)
		if len(falls) != c.falls || len(rises) != c.rises {
			t.Errorf("%s: falls %q, rises %q", c.name, falls, rises)
		}
	}
}

func TestRatchetFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ratchet.json")
	got, err := readRatchet(file)
	if err != nil || len(got) != 0 {
		t.Errorf("no file yet: %v, %v", got, err)
	}
	want := figures{"events": {"TCP": {1, 2}}, "logs": {"conn": {3, 4}}}
	if err := want.write(file); err != nil {
		t.Fatal(err)
	}
	if got, err = readRatchet(file); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestEventFigures(t *testing.T) {
	table := `event                                             ref     ours    exact        %
arp_request                                        10       12       10    83.33
arp_reply                                           5        0        0     0.00
dns_request                                         7        0        0     0.00
made_up                                             0        3        0     0.00
exact 10 of 25 events (40.00 %), 1 of 4 event names fully
`
	sections := map[string]string{"arp_request": "ARP", "arp_reply": "ARP", "dns_request": "DNS"}
	got, err := eventFigures([]byte(table), sections)
	want := map[string]figure{"ARP": {10, 17}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}
