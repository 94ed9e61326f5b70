package entries

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"auditlog/calendar"
	"auditlog/cli/command"
	"auditlog/cli/connection"
	"auditlog/cli/exit"
	"auditlog/cli/filters"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/spell"
)

// mostFrequent is how many values of each kind stats shows in its text.
const mostFrequent = 10

func (a *app) stats() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Count entries by outcome, and show what occurs most",
		Example: `  auditlog stats -p acme --from 7d
  auditlog stats -p acme --from 2026-05-01 --to 2026-06-01 --interval day --zone Europe/Berlin`,
		Args: cobra.NoArgs,
	}
	f := filters.Add(cmd)
	saved := addSaved(cmd)
	var output string
	var req rpc.StatsRequest
	var zoneName string
	cmd.Flags().StringVar(&req.Interval, "interval", "", "count over time as well, by `hour`, day, week or month")
	cmd.Flags().StringVar(&zoneName, "zone", "", "the time `zone` of these and of --from and --to, such as Europe/Berlin; else this machine's")
	cmd.Flags().IntVar(&req.Top, "top", 0, "how `many` values of each field to show; else 10, or 100 as json")
	filters.Complete(cmd, "interval", rpc.Intervals()...)
	command.AddOutput(cmd, &output, "text", "json")
	return connection.Asks(cmd, func(cmd *cobra.Command, c *client.Client, _ []string) error {
		zone := time.Local
		var err error
		if zoneName == "" {
			zoneName = calendar.LocalName(time.Now())
		} else if zone, err = calendar.Zone(zoneName); err != nil {
			return exit.Usagef("--zone: %w", err)
		}
		if req.Query, err = f.Parse(time.Now(), zone); err == nil {
			err = useSaved(cmd.Context(), cmd, c, *saved, &req.Query)
		}
		if err != nil {
			return err
		}
		req.Zone = zoneName
		if output != "text" && output != "json" {
			return exit.Usagef("--output: must be text or json")
		}
		if output == "text" && req.Top == 0 {
			req.Top = mostFrequent
		}
		stats, err := c.Stats(cmd.Context(), req)
		if err != nil {
			return filters.FlagPath(err)
		}
		if stats.Total == 0 {
			a.noteUnknown(cmd.Context(), c, req.Project)
		}
		if output == "json" {
			return cmp.Or(json.NewEncoder(a.Out(output)).Encode(stats), lacking(stats.Gaps))
		}
		text := statsText(&stats)
		if req.Interval != "" {
			text += bucketsText(req.Interval, stats.Buckets, zone)
		}
		_, err = fmt.Fprint(a.Stdout, text)
		return cmp.Or(err, lacking(stats.Gaps))
	})
}

// bucketsText returns counts over time, a line each. Its first column is when the part
// of time begins in zone.
func bucketsText(interval string, buckets []rpc.Bucket, zone *time.Location) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-16s  %9s %9s %9s\n", "from", "success", "forbidden", "error")
	for _, part := range buckets {
		layout := "2006-01-02 15:04"
		if interval != calendar.Hour.String() && calendar.StartsDay(part.From, zone) {
			layout = time.DateOnly
		}
		fmt.Fprintf(&b, "%-16s  %9d %9d %9d\n", part.From.In(zone).Format(layout), part.Success, part.Forbidden, part.Error)
	}
	return b.String()
}

// statsText returns counts for a person to read.
func statsText(s *rpc.StatsResult) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d entries: %d success, %d forbidden, %d error\n",
		s.Total, s.Outcomes.Success, s.Outcomes.Forbidden, s.Outcomes.Error)
	for _, list := range []struct {
		title  string
		values rpc.TopValues
		shown  func(string) string
	}{{"resource types", s.Types, spell.Text}, {"actions", s.Actions, spell.Text}, {"actors", s.Actors, spell.Name}} {
		if len(list.values.Top) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s\n", list.title)
		for _, v := range list.values.Top {
			fmt.Fprintf(&b, "%9d  %s\n", v.Count, list.shown(v.Value))
		}
		if list.values.Others > 0 {
			about := ""
			if list.values.Estimated {
				about = "about "
			}
			fmt.Fprintf(&b, "%9d  of %s%d more\n", list.values.OtherEntries, about, list.values.Others)
		}
	}
	return b.String()
}
