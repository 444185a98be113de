package main

import (
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progressBar shows how much of the captures has been read.
type progressBar struct {
	all *mpb.Progress
	bar *mpb.Bar
}

func newProgressBar(w io.Writer) *progressBar {
	all := mpb.New(mpb.WithOutput(w), mpb.WithWidth(60))
	bar := all.AddBar(0,
		mpb.PrependDecorators(decor.CountersKibiByte("% .1f / % .1f", decor.WC{C: decor.DindentRight | decor.DextraSpace})),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.AverageSpeed(decor.SizeB1024(0), " % .0f", decor.WC{W: 12}), decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8})),
		mpb.BarRemoveOnComplete(),
	)
	return &progressBar{all, bar}
}

// update is an Options.Progress.
func (p *progressBar) update(done, total int64) {
	// A total that has been reached would end the bar, while timers may still run.
	p.bar.SetTotal(max(total, done+1), false)
	p.bar.SetCurrent(done)
}

// above is where lines go that are to stand above the bar.
func (p *progressBar) above() io.Writer { return p.all }

// finish removes the bar from the terminal.
func (p *progressBar) finish() {
	p.bar.Abort(true)
	p.all.Wait()
}
