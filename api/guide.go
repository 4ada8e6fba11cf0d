package api

import "beian/api/page"

// fork is one question of the guide (F3). Its name is that of its words in the
// catalog; the keys of its turns stand in addresses and are permanent.
type fork struct {
	name  string
	turns []turn
}

// turn is an answer: it leads to a further question, or to an end.
type turn struct {
	key  string
	ask  *fork
	ends string
}

// guide is the tree of questions behind "not sure" on the first page: no path is
// longer than four (F3).
func guide() *fork {
	return &fork{"sign_in", []turn{
		{key: "in", ask: &fork{"matter", []turn{
			{key: "move", ask: &fork{"same_subject", []turn{
				{key: "same", ask: &fork{"receiver", []turn{{key: "free", ends: "transfer"}, {key: "full", ends: "full"}}}},
				{key: "other", ends: "subject"},
			}}},
			{key: "legacy", ask: knowsLegacy()},
			{key: "content", ends: "filing"},
			{key: "status", ends: "status"},
		}}},
		{key: "out", ask: &fork{"locked", []turn{
			{key: "name", ask: reachable("phone", "find")},
			{key: "password", ask: &fork{"whose_password", []turn{
				{key: "ours", ask: reachable("channel", "password")},
				{key: "ministry", ends: "ministry"},
			}}},
			{key: "mailbox", ends: "reset"},
			{key: "frozen", ends: "frozen"},
		}}},
		{key: "unsure", ask: &fork{"filed_where", []turn{
			{key: "here", ask: reachable("phone", "find")},
			{key: "legacy", ask: knowsLegacy()},
			{key: "elsewhere", ends: "provider"},
			{key: "unknown", ends: "trace"},
		}}},
	}}
}

// reachable asks whether a channel on record still works; without any only the
// reset is left.
func reachable(question, yes string) *fork {
	return &fork{question, []turn{{key: "yes", ends: yes}, {key: "no", ends: "reset"}}}
}

// knowsLegacy keeps the way by password apart from the one by documents (I7).
func knowsLegacy() *fork {
	return &fork{"legacy", []turn{{key: "yes", ends: "import"}, {key: "no", ends: "papers"}}}
}

// end is where the guide leads: a flow of ours, or an explanation of what is not
// our matter with the way out. Links are further ones, their texts catalog keys.
type end struct {
	href      string
	elsewhere bool // not ours: the page says so
	links     []page.Link
}

// ministrySite is where filings are looked up and their passwords recovered; the
// catalog has it so that the language can choose.
const ministrySite = "password.ministry.url"

// ends are the guide's leaves by name.
func ends() map[string]end {
	ministry := page.Link{Text: "guide.link.ministry", Href: ministrySite}
	finder := page.Link{Text: "guide.link.find", Href: findPath}
	return map[string]end{
		"transfer": {href: "/transfer"},
		"import":   {href: "/import"},
		"papers":   {href: "/import", links: []page.Link{{Text: "guide.link.import", Href: "/help#import"}, finder}},
		"find":     {href: findPath},
		"password": {href: requestPath},
		"reset":    {href: "/reset"},
		"status":   {href: "/jobs"},
		"trace":    {href: findPath, links: []page.Link{ministry}},
		"full":     {href: "/help#subjects", links: []page.Link{{Text: "guide.link.transfer", Href: "/transfer"}}},
		"frozen":   {href: "/help#sign-in", links: []page.Link{{Text: "guide.link.conditions", Href: "/help#conditions"}}},
		"ministry": {href: "/password/ministry", elsewhere: true, links: []page.Link{ministry}},
		"subject":  {href: ministrySite, elsewhere: true, links: []page.Link{{Text: "guide.link.help_transfer", Href: "/help#transfer"}}},
		"filing":   {href: ministrySite, elsewhere: true, links: []page.Link{{Text: "guide.link.ministry_password", Href: "/password/ministry"}}},
		"provider": {href: ministrySite, elsewhere: true, links: []page.Link{finder}},
	}
}
