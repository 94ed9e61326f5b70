package prooftest

import (
	"image"
	"image/color"
	"os/exec"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// drawn is what a terminal that writes light on dark shows of lines of half blocks, eight pixels a
// module.
func drawn(text string) image.Image {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	const size = 8
	img := image.NewGray(image.Rect(0, 0, size*len([]rune(lines[0])), 2*size*len(lines)))
	for y, line := range lines {
		for x, r := range []rune(line) {
			for half, light := range []bool{r == '█' || r == '▀', r == '█' || r == '▄'} {
				for i := range size * size {
					if light {
						img.SetGray(x*size+i%size, (2*y+half)*size+i/size, color.Gray{255})
					}
				}
			}
		}
	}
	return img
}

// TestQR: what the terminal shows is read by a program of others, and is the checkpoint.
func TestQR(t *testing.T) {
	s := serve(t, t.TempDir(), "--checkpoint-every", "1h")
	s.record(3, "acme")
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(args ...string) string {
		cmd := exec.Command(path, append(args, "--url", s.url)...)
		cmd.Env = append(cmd.Environ(), "AUDITLOG_TOKEN="+adminToken)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	want, code := ask("checkpoint"), ask("checkpoint", "--qr")
	bitmap, err := gozxing.NewBinaryBitmapFromImage(drawn(code))
	if err != nil {
		t.Fatal(err)
	}
	got, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil || got.GetText() != want {
		t.Errorf("%v, read %q, want %q\n%s", err, got, want, code)
	}
}
