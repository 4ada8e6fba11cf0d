package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"beian/tasks"
)

// matching says what an operation on a job makes of If-Match (RFC 9110, 13.1.1).
// The version is compared by the desk, in the transaction that decides; handlers
// get it from decidedOn.
type matching string

const (
	mayMatch  matching = "may"
	mustMatch matching = "must" // a decision: without it the answer is 428
)

func (m matching) parameter() *huma.Param {
	p := &huma.Param{Name: "If-Match", In: "header", Schema: &huma.Schema{Type: "string"},
		Description: "The ETag of the job you decided on; 412 when it has another version meanwhile."}
	if m == mustMatch {
		p.Required = true
		p.Description += " Required, and * is not enough: what you decide on is what you have seen."
	}
	return p
}

// checkMatch takes the versions from If-Match; a decision needs one.
func (o operation) checkMatch(r *call) error {
	if o.match == "" {
		return nil
	}
	r.match = versionsIn(strings.Join(r.request.Header.Values("If-Match"), ","))
	if o.match == mustMatch && len(r.match) == 0 {
		return errMatchMissing
	}
	return nil
}

// noVersion is what no job has.
const noVersion = -1

// versionsIn reads If-Match. Nothing and * ask for nothing; what is no strong tag
// of ours can't be matched.
func versionsIn(header string) []int64 {
	var out []int64
	if header = strings.TrimSpace(header); header == "" || header == "*" {
		return nil
	}
	for tag := range strings.SplitSeq(header, ",") {
		version, err := strconv.ParseInt(strings.Trim(strings.TrimSpace(tag), `"`), 10, 64)
		if err != nil || version < 1 || strings.TrimSpace(tag) != etag(version) {
			version = noVersion
		}
		out = append(out, version)
	}
	return out
}

// decidedOn is the version that the desk must find, 0 when none was named. Of
// several it is the present one; the desk alone refuses, so that the replay of a
// key gets its answer however far the job has come.
func (s *Server) decidedOn(ctx context.Context, receipt string, by tasks.Viewer) (int64, error) {
	match := callOf(ctx).match
	if len(match) == 0 {
		return 0, nil
	}
	if len(match) == 1 {
		return match[0], nil
	}
	v, err := s.parts.Desk.Glance(ctx, receipt, by)
	if err != nil {
		return 0, err
	}
	if slices.Contains(match, v.Job.Version) {
		return v.Job.Version, nil
	}
	return match[0], nil
}
