package kafka

import (
	"context"
	"fmt"

	"github.com/wirelog/wirelog/writers"
)

var _ writers.Checker = (*Place)(nil)

// Check implements writers.Checker: it asks the cluster for all topics, as Ready does. Here
// a cluster that is away is an error.
func (p *Place) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(probeTime, p.config.RequestTimeout))
	defer cancel()
	if err := p.probe(ctx); err != nil {
		return fmt.Errorf("kafka: %w", say(err))
	}
	return nil
}
