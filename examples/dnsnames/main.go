// Command dnsnames prints the names that the clients of captures ask DNS for, and how often.
package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/pipeline"
)

func main() {
	names, err := count(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Println(names[name], name)
	}
}

// count returns how often each name was asked for.
func count(captures []string) (map[string]int, error) {
	var mu sync.Mutex // shards call their listeners concurrently
	names := make(map[string]int)
	o := pipeline.Defaults()
	o.Paths = captures
	o.Logs, o.OutputPath, o.Format = []string{"dns"}, os.DevNull, pipeline.FormatJSON
	o.Extend = func(x *pipeline.Extension) error {
		x.Hooks.DNS.Request.Listen(func(e *event.DNSRequest) {
			mu.Lock()
			names[string(e.Query)]++
			mu.Unlock()
		})
		return nil
	}
	_, err := pipeline.Run(context.Background(), o)
	return names, err
}
