package pipeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// shardCPUs returns the cores of the shards in order, nil if they run anywhere.
func (o *Options) shardCPUs() ([]int, error) {
	if o.CPUs == "" || len(o.Interfaces) == 0 && len(o.udpPorts()) == 0 {
		return nil, nil
	}
	list, err := parseCPUs(o.CPUs)
	if err != nil {
		return nil, err
	}
	allowed, err := usableCPUs()
	if err != nil {
		return nil, err
	}
	for _, n := range list {
		if !slices.Contains(allowed, n) {
			return nil, fmt.Errorf("core %d is not one that the program may use: these are %s", n, showCPUs(allowed))
		}
	}
	if o.Shards > len(list) {
		return nil, fmt.Errorf("there are %d cores for %d shards", len(list), o.Shards)
	}
	return list, nil
}

// maxCPUs is more than the number of the last core.
const maxCPUs = 1 << 13

// parseCPUs reads a list such as 2-5,8, in any order.
func parseCPUs(text string) ([]int, error) {
	var list []int
	number := func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n >= maxCPUs {
			return 0, fmt.Errorf("%q is no list of cores such as 2-5,8", text)
		}
		return n, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		first, err := number(from)
		last := first
		if err == nil && isRange {
			last, err = number(to)
		}
		if err != nil {
			return nil, err
		}
		if last < first {
			return nil, fmt.Errorf("%q: %d is less than %d", text, last, first)
		}
		for n := first; n <= last; n++ {
			if slices.Contains(list, n) {
				return nil, fmt.Errorf("%q has core %d twice", text, n)
			}
			list = append(list, n)
		}
	}
	if len(list) > maxShards {
		return nil, fmt.Errorf("%q has %d cores: there are at most %d shards", text, len(list), maxShards)
	}
	return list, nil
}

// showCPUs is the reverse of parseCPUs, for cores in order.
func showCPUs(list []int) string {
	var b strings.Builder
	for i := 0; i < len(list); {
		end := i
		for end+1 < len(list) && list[end+1] == list[end]+1 {
			end++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(list[i]))
		if end > i {
			b.WriteString("-" + strconv.Itoa(list[end]))
		}
		i = end + 1
	}
	return b.String()
}

// pin keeps the calling goroutine on the core of shard i, if it has one. The goroutine's thread
// ends with it.
func (r *run) pin(i int) {
	if i >= len(r.cpus) {
		return
	}
	if err := pinThread(r.cpus[i]); err != nil && r.opts.Notice != nil {
		r.opts.Notice(fmt.Sprintf("shard %d is not pinned to core %d: %v", i, r.cpus[i], err))
	}
}

// pinned calls f on the core of the first shard.
func (r *run) pinned(f func()) {
	if len(r.cpus) == 0 {
		f()
		return
	}
	var done sync.WaitGroup
	done.Go(func() {
		r.pin(0)
		f()
	})
	done.Wait()
}
