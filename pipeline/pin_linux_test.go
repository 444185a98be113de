package pipeline

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestShardCPUs(t *testing.T) {
	usable, err := usableCPUs()
	if err != nil || len(usable) == 0 {
		t.Fatal(usable, err)
	}
	first := fmt.Sprint(usable[0])
	for _, c := range []struct {
		cpus       string
		shards     int
		interfaces []string
		want       string // cores, or a part of the error
		count      int
	}{
		{"", 0, []string{"eth1"}, "[]", 0},
		{first, 0, []string{"eth1"}, "[" + first + "]", 1},
		{first, 1, []string{"eth1"}, "[" + first + "]", 1},
		{first, 2, []string{"eth1"}, "1 cores for 2 shards", 2},
		{"8000", 0, []string{"eth1"}, "core 8000 is not one that the program may use: these are " + showCPUs(usable), 0},
		{"x", 0, []string{"eth1"}, "no list of cores", 0},
		{"x", 3, nil, "[]", 3}, // of captures: the key is not about them
	} {
		o := Options{CPUs: c.cpus, Shards: c.shards, Interfaces: c.interfaces}
		list, err := o.shardCPUs()
		got := fmt.Sprint(list)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || c.count != 0 && o.shardCount() != c.count {
			t.Errorf("%+v: %s, %d shards", c, got, o.shardCount())
		}
	}
	o := Defaults()
	o.Interfaces, o.CPUs, o.OutputDir = []string{"nowhere"}, "8000", t.TempDir()
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "CPUs: core 8000") {
		t.Error(err)
	}
}

// A shard runs on its core, and what runs later does not.
func TestPin(t *testing.T) {
	usable, err := usableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	r := &run{cpus: usable}
	var done sync.WaitGroup
	for i := range usable {
		done.Go(func() {
			r.pin(i)
			if list, err := usableCPUs(); err != nil || len(list) != 1 || list[0] != usable[i] {
				t.Errorf("shard %d may run on %v, %v", i, list, err)
			}
		})
	}
	done.Wait()
	r.pinned(func() {
		if list, err := usableCPUs(); err != nil || len(list) != 1 || list[0] != usable[0] {
			t.Errorf("the only shard may run on %v, %v", list, err)
		}
	})
	if list, err := usableCPUs(); err != nil || len(list) != len(usable) {
		t.Errorf("after it: %v, %v", list, err)
	}
}
