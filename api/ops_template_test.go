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
	pagetest.Check[opsCode](t, pages, "ops/second")
	pagetest.Check[opsCodes](t, pages, "ops/codes")
	pagetest.Check[opsHomePage](t, pages, "ops/home")
	pagetest.Check[opsJobsPage](t, pages, "ops/jobs")
	pagetest.Check[opsJobPage](t, pages, "ops/job")
	pagetest.Check[opsDeadPage](t, pages, "ops/dead")
	pagetest.Check[opsReversalPage](t, pages, "ops/reversal")
	pagetest.Check[opsAuditPage](t, pages, "ops/audit")
	pagetest.Check[opsReviewsPage](t, pages, "ops/reviews")
	pagetest.Check[opsReviewPage](t, pages, "ops/review")
	pagetest.Check[opsConfirmPage](t, pages, "ops/review-confirm")
	pagetest.Check[opsUnmasked](t, pages, "ops/review-unmask")
	pagetest.Check[opsCalendarPage](t, pages, "ops/calendar")
	pagetest.Check[opsSLAPage](t, pages, "ops/sla")
	pagetest.Check[opsQueuePage](t, pages, "ops/queue")
	pagetest.Check[opsQueueAct](t, pages, "ops/queue-act")
	pagetest.Check[opsYearPage](t, pages, "ops/calendar-preview")
	pagetest.Check[inboxPage](t, pages, "inbox")
}
