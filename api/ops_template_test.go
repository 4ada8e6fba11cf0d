package api

import (
	"testing"

	"beian/api/page"
	"beian/api/page/pagetest"
	"beian/internal/text"
)

func TestConsoleTemplatesUseOnlyWhatExists(t *testing.T) {
	t.Parallel()
	catalog, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := page.New(page.Options{Catalog: catalog})
	if err != nil {
		t.Fatal(err)
	}
	pagetest.Check[opsDoor](t, pages, "ops/sign-in")
	pagetest.Check[opsHomePage](t, pages, "ops/home")
	pagetest.Check[opsJobsPage](t, pages, "ops/jobs")
	pagetest.Check[opsJobPage](t, pages, "ops/job")
	pagetest.Check[opsDeadPage](t, pages, "ops/dead")
	pagetest.Check[opsAuditPage](t, pages, "ops/audit")
	pagetest.Check[inboxPage](t, pages, "inbox")
}
