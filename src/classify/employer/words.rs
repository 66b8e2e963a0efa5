//! Words by which names of employers and positions are told from others. The English tables are sorted.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What an English word is known for, in capitals or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known(u32);

impl Known {
    /// For nothing.
    pub(super) const NOT: Self = Self(0);
    const ORGANISATION: u32 = 1;
    const OFFICE: u32 = 2;
    const ROLE: u32 = 4;
    const COMMON: u32 = 8;

    /// What this word is known for.
    pub(super) fn of(word: &str) -> Self {
        static WORDS: LazyLock<HashMap<&'static [u8], Known>> = LazyLock::new(|| {
            let mut words = HashMap::new();
            let tables = [
                (ORGANISATIONS, Known::ORGANISATION),
                (OFFICES, Known::OFFICE),
                (ROLES, Known::ROLE),
                (COMMON, Known::COMMON),
            ];
            for (table, bit) in tables {
                for word in table {
                    words.entry(word.as_bytes()).or_insert(Known::NOT).0 |= bit;
                }
            }
            words
        });
        let mut small = [0; LONGEST];
        let Some(small) = small.get_mut(..word.len()) else { return Self::NOT };
        small.copy_from_slice(word.as_bytes());
        small.make_ascii_lowercase();
        WORDS.get(&*small).copied().unwrap_or(Self::NOT)
    }

    /// A bit for each thing: less than 16.
    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    /// For standing in names of organisations.
    pub(super) const fn is_organisation(self) -> bool {
        self.0 & Self::ORGANISATION != 0
    }

    /// For beginning sentences: no part of a position.
    pub(super) const fn is_common(self) -> bool {
        self.0 & Self::COMMON != 0
    }
}

/// Most bytes of a word that can be known.
const LONGEST: usize = 24;

/// Words that names of organisations have, and names of persons have not.
pub(super) const ORGANISATIONS: &[&str] = &[
    "academy", "aerospace", "agency", "air", "airlines", "airways", "ambulance", "analytics",
    "architects", "arts", "associates", "association", "auctioneers", "authority", "automotive",
    "aviation", "bakery", "ballet", "bank", "bar", "baths", "bikes", "biotech", "biscuits",
    "board", "books", "bookshop", "borough", "botanic", "brewery", "brewing", "bridge",
    "broadband", "brokers", "builders", "cafe", "camps", "canal", "capital", "care", "cargo",
    "catering", "cathedral", "center", "centre", "centres", "ceramics", "chamber", "charity",
    "chemicals", "chemistry", "church", "cider", "cinema", "city", "clinic", "clinics", "club",
    "co-operative", "coaches", "coast", "coffee", "college", "commission", "community",
    "company", "components", "confectionery", "constabulary", "construction", "consulate",
    "consultants", "consulting", "cooperative", "corporation", "cosmetics", "council", "county",
    "courier", "court", "creamery", "credit", "cruises", "cybersecurity", "dairies", "dairy",
    "dance", "data", "daughters", "delivery", "dental", "department", "design", "devices",
    "digital", "distillers", "distillery", "dynamics", "ecology", "electric", "electronics",
    "embassy", "energy", "engineering", "engineers", "estates", "europe", "fabrics", "farm",
    "farms", "fashion", "federation", "ferries", "ferry", "festival", "film", "films",
    "finance", "financial", "fire", "fisheries", "foods", "forestry", "forwarding",
    "foundation", "foundry", "freight", "furniture", "gallery", "games", "garden", "gardens",
    "gas", "glass", "glassworks", "government", "grid", "group", "hall", "harbour", "health",
    "healthcare", "heritage", "hire", "holdings", "homes", "hospice", "hospital", "hospitality",
    "hospitals", "hotel", "hotels", "housing", "hydraulics", "imaging", "industries",
    "infosystems", "inn", "institute", "instruments", "insurance", "international", "joinery",
    "journal", "juices", "kitchen", "kitchens", "klinik", "lab", "laboratories", "laboratory",
    "labs", "language", "law", "legal", "library", "lifeboat", "lifts", "lighting", "limited",
    "lodge", "logistics", "looms", "magazine", "marina", "marine", "maritime", "market",
    "materials", "media", "medical", "metals", "mills", "minerals", "mining", "ministry",
    "mobility", "montessori", "motors", "museum", "museums", "music", "mutual", "national",
    "network", "networks", "news", "nurseries", "nursery", "observatory", "office", "opera",
    "optics", "orchards", "orchestra", "outdoor", "packaging", "paper", "park", "parks",
    "partners", "partnership", "pastry", "patisserie", "payments", "payroll", "petroleum",
    "pharma", "pharmaceuticals", "pharmacy", "pictures", "pilots", "plastics", "police",
    "polytechnic", "port", "post", "potteries", "pottery", "power", "precision", "press",
    "primary", "print", "printing", "productions", "properties", "provisions", "publishers",
    "publishing", "racecourse", "radio", "rail", "railway", "railways", "rehabilitation",
    "reinsurance", "renewables", "repair", "rescue", "research", "resort", "restaurant",
    "restaurants", "retail", "roasters", "robotics", "ropeworks", "rugby", "safety", "salon",
    "savings", "school", "schools", "sciences", "seafoods", "securities", "security",
    "semiconductor", "semiconductors", "service", "services", "shipping", "shipyard", "society",
    "software", "solar", "solicitors", "solutions", "sons", "spirits", "sports", "stables",
    "station", "statistical", "steel", "stores", "street", "studio", "studios", "surf",
    "surgery", "surveyors", "sweets", "symphony", "systems", "tech", "technologies",
    "technology", "telecom", "textiles", "theatre", "timber", "tools", "tours", "toys",
    "trading", "trails", "transit", "transport", "travel", "trust", "tyres", "union",
    "university", "utilities", "valley", "vehicles", "ventures", "versicherung", "veterinary",
    "vets", "vineyard", "violets", "violins", "volunteers", "ward", "water", "waterways",
    "wealth", "weavers", "werke", "wildlife", "wind", "windows", "winery", "wines", "wool",
    "works", "workshop", "yard", "zoo",
];

/// Legal forms behind a name, without dots.
pub(super) const FORMS: &[&str] = &[
    "ab", "ag", "as", "bv", "co", "corp", "gk", "gmbh", "inc", "kk", "limited", "llc", "llp",
    "ltd", "oy", "plc", "pte", "pty", "pvt", "sa",
];

/// Words of departments, roles and recruiting, which end a name.
pub(super) const OFFICES: &[&str] = &[
    "academic", "account", "acquisition", "admin", "administration", "administrator",
    "admissions", "alert", "alerts", "applicant", "applicants", "application", "applications",
    "appointment", "appointments", "assessment", "assessments", "assistant", "automated", "bot",
    "campus", "candidate", "candidates", "career", "careers", "cell", "chair", "chief", "clerk",
    "client", "committee", "confidential", "consultant", "contact", "crew", "cv", "dean",
    "decision", "department", "desk", "director", "dispatch", "early", "editor", "editorial",
    "employment", "events", "exam", "experience", "feedback", "final", "founder", "general",
    "governors", "graduate", "graduates", "harbourmaster", "head", "headteacher", "hello",
    "hiring", "hr", "human", "info", "intake", "internship", "internships", "interview",
    "interviews", "invitation", "job", "jobs", "kind", "line", "manager", "managing", "master",
    "message", "my", "noreply", "notification", "notifications", "offer", "offers", "officer",
    "onboarding", "operations", "owner", "panel", "people", "personnel", "place", "portal",
    "position", "post", "practice", "president", "principal", "process", "professor",
    "programme", "programmes", "programs", "reception", "recruiter", "recruiters", "recruiting",
    "recruitment", "reference", "registrar", "reminder", "reply", "report", "requisition",
    "resources", "resourcing", "result", "results", "rider", "riders", "role", "screening",
    "secretariat", "secretary", "section", "selection", "senior", "shared", "shortlist",
    "shortlisting", "staff", "status", "student", "students", "support", "survey", "talent",
    "team", "test", "tests", "trainee", "unit", "update", "updates", "vacancies", "vacancy",
    "vetting", "vice", "welcome", "workforce",
];

/// Words that begin sentences, greetings, and dates.
pub(super) const COMMON: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "although", "an", "and", "any", "apologies",
    "april", "are", "as", "at", "attached", "august", "automatic", "autumn", "bcc", "be",
    "because", "been", "before", "best", "both", "bst", "but", "by", "bye", "can", "cc", "cest",
    "cheers", "committed", "confidentiality", "congrats", "congratulations", "could", "date",
    "day", "days", "dear", "december", "did", "do", "does", "don't", "download", "dr", "draft",
    "during", "each", "either", "email", "english", "equal", "everyone", "everything",
    "explore", "fair", "february", "first", "following", "for", "forwarded", "fri", "friday",
    "from", "fw", "fwd", "gdpr", "gmt", "good", "grateful", "great", "greetings", "had",
    "happy", "has", "have", "having", "he", "here", "hey", "hi", "his", "hiya", "hope", "how",
    "however", "i", "i'd", "i'll", "i'm", "i've", "if", "important", "in", "is", "it", "it's",
    "its", "january", "jst", "july", "june", "just", "keep", "kindly", "last", "let", "let's",
    "look", "looking", "madam", "mail", "many", "march", "may", "meanwhile", "miss",
    "mon", "monday", "morning", "most", "mr", "mrs", "ms", "much", "new", "next", "no",
    "nobody", "not", "note", "nothing", "notice", "notices", "november", "now", "october", "of",
    "off", "ok", "on", "once", "one", "only", "or", "our", "over", "pdf", "pfa", "phone",
    "please", "pm", "privacy", "prof", "ps", "quick", "re", "regarding", "regards", "replies",
    "reply", "right", "round", "same", "sat", "saturday", "second", "see", "sent", "september",
    "she", "sincerely", "sir", "so", "some", "something", "soon", "sorry", "spring", "subject",
    "such", "summer", "sun", "sunday", "ta", "teams", "terms", "thank", "thanks", "that", "the",
    "their", "then", "there", "these", "they", "third", "this", "those", "though", "thu",
    "thursday", "time", "to", "today", "together", "tomorrow", "tue", "tuesday", "two", "uk",
    "unfortunately", "unsubscribe", "until", "up", "us", "usa", "utc", "view", "warm", "was",
    "we", "we'd", "we'll", "we're", "we've", "wed", "wednesday", "well", "were", "what", "when",
    "where", "whether", "which", "while", "who", "why", "will", "winter", "wishes", "with",
    "without", "would", "yes", "yesterday", "yet", "you", "you'd", "you'll", "you're", "you've",
    "your", "yours", "zoom",
];

/// Last words of positions.
pub(super) const ROLES: &[&str] = &[
    "accountant", "actuary", "adjuster", "administrator", "adviser", "advisor", "advocate",
    "agent", "agronomist", "aide", "ambassador", "analyst", "apprentice", "architect",
    "archivist", "artist", "assistant", "associate", "attendant", "auditor", "baker", "barista",
    "bartender", "biologist", "bookkeeper", "bookseller", "bosun", "brewer", "broker", "bursar",
    "buyer", "captain", "carer", "caretaker", "caseworker", "cashier", "cataloguer", "chef",
    "chemist", "cleaner", "clerk", "co-ordinator", "coach", "coder", "concierge", "conductor",
    "conservator", "constable", "consultant", "controller", "cook", "coordinator", "copywriter",
    "counsel", "counsellor", "counselor", "counter", "courier", "coxswain", "crew", "curator",
    "deckhand", "dentist", "designer", "developer", "director", "dispatcher", "divemaster",
    "dramaturg", "driver", "ecologist", "economist", "editor", "educator", "electrician",
    "engineer", "enumerator", "estimator", "examiner", "executive", "fellow", "firefighter",
    "fitter", "forester", "fundraiser", "gamekeeper", "gardener", "geologist", "groom", "guard",
    "guide", "hand", "handler", "head", "host", "housekeeper", "housemaster", "hydrographer",
    "hygienist", "inspector", "installer", "instructor", "intern", "internship", "interpreter",
    "investigator", "jackaroo", "joiner", "journalist", "keeper", "lawyer", "lead", "leader",
    "lecturer", "lecturer-researcher", "librarian", "lifeguard", "luthier", "machinist",
    "magistrate", "manager", "marketer", "mate", "mechanic", "merchandiser", "midwife",
    "milker", "negotiator", "nurse", "officer", "operative", "operator", "optometrist",
    "organiser", "paralegal", "paramedic", "paraplanner", "pdra", "pharmacist", "photographer",
    "physicist", "physio", "physiotherapist", "pianist", "picker", "pilot", "planner",
    "plumber", "porter", "postdoc", "postman", "potter", "practitioner", "presenter",
    "principal", "printer", "producer", "professor", "programmer", "psychologist", "puppeteer",
    "ranger", "receptionist", "recruiter", "registrar", "repairer", "reporter",
    "representative", "researcher", "rider", "runner", "répétiteur", "scheduler", "scientist",
    "seamstress", "secretary", "shopkeeper", "signalman", "solicitor", "sous-chef",
    "specialist", "splicer", "statistician", "steward", "strategist", "supervisor", "surveyor",
    "tailor", "teacher", "technician", "technologist", "teller", "tester", "therapist",
    "toolmaker", "trader", "trainee", "trainer", "translator", "treasurer", "tutor", "typist",
    "underwriter", "upholsterer", "usher", "viola", "waiter", "waitress", "warden", "weaver",
    "welder", "worker", "writer", "zookeeper",
];

/// Parts of the names of tools and sites that send mail for employers.
pub(super) const TOOLS: &[&str] = &[
    "apply", "assess", "ats", "board", "candidate", "career", "careers", "connect", "desk",
    "doc", "flow", "hire", "hiring", "hub", "job", "jobs", "mailer", "post", "posts", "quarry",
    "recruit", "sign", "stack", "talent", "test", "track", "workplace",
];

/// Domains of tracking systems and job sites that write for employers, and name none.
pub(super) const SYSTEMS: &[&str] = &[
    "applytojob.com", "ashbyhq.com", "axol.jp", "bamboohr.com", "breezy.hr", "greenhouse-mail.io",
    "greenhouse.io", "herp.cloud", "hrmos.co", "icims.com", "jobcan.jp", "jobvite.com", "lever.co",
    "mynavi.jp", "myworkday.com", "myworkdayjobs.com", "personio.com", "personio.de",
    "pinpointhq.com", "recruitee.com", "rikunabi.com", "smartrecruiters.com", "snar.jp",
    "successfactors.com", "successfactors.eu", "talentio.com", "taleo.net", "teamtailor-mail.com",
    "teamtailor.com", "workable.com", "workablemail.com",
];

/// Parts of addresses that name nobody.
pub(super) const MAILBOXES: &[&str] = &[
    "academic", "admin", "alert", "apply", "appointments", "assess", "ats", "campus",
    "candidates", "careers", "com", "company", "donotreply", "edu", "email", "erecruit",
    "example", "gmail", "graduates", "hello", "hire", "hiring", "hotmail", "hr", "icloud",
    "info", "job", "jobs", "lab", "mail", "mailer", "news", "no-reply", "noreply", "notify",
    "office", "online", "org", "outbound", "outlook", "portal", "post", "pulse", "recruit",
    "recruiting", "recruitment", "results", "send", "survey", "talent", "team", "updates",
    "webmail", "yahoo",
];

/// Small words that a name may have inside.
pub(super) const JOINERS: &[&str] = &[
    "of", "and", "de", "du", "des", "del", "di", "la", "le", "les", "van", "von", "und", "the", "for", "et",
    "da", "der", "den", "y", "in", "at", "on",
];

/// Legal forms that stand before or behind a Japanese name.
pub(crate) const LEGAL_FORMS: &[&str] = &[
    "株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "相互会社", "㈱", "㈲", "(株)", "(有)", "(同)",
    "医療法人社団", "医療法人財団", "社会医療法人", "医療法人", "社会福祉法人", "学校法人", "一般社団法人",
    "一般財団法人", "公益社団法人", "公益財団法人", "特定非営利活動法人", "NPO法人", "認定NPO法人", "国立大学法人",
    "公立大学法人", "地方独立行政法人", "独立行政法人", "国立研究開発法人", "税理士法人", "弁護士法人", "監査法人",
    "特許業務法人", "司法書士法人", "社会保険労務士法人", "社団法人", "財団法人", "宗教法人", "農事組合法人",
    "生活協同組合", "農業協同組合",
];

/// Departments, offices, titles and honorifics: a name ends before them.
pub(super) const OFFICE_WORDS: &[&str] = &[
    "人事", "採用", "総務", "新卒", "中途", "キャリア採用", "人材開発", "人財", "人材", "リクルート", "事務局", "事務長",
    "事務室", "事務", "担当", "管理部", "管理者", "広報", "経営管理", "経営企画", "秘書", "法人本部", "本部", "教職員",
    "職員課", "職員", "学務", "教務", "庶務", "編集部", "制作部", "作画部", "営業部", "営業", "開発部", "店主", "店長",
    "院長", "園長", "校長", "所長", "社長", "会長", "理事長", "理事", "教頭", "代表取締役", "代表", "取締役", "部長", "課長",
    "係長", "主任", "課", "部", "係", "室", "若女将", "女将", "親方", "大将", "板長", "料理長", "シェフ", "工場長", "支配人",
    "座長", "主宰", "専務", "常務", "弁護士", "税理士", "教授", "様", "さま", "さん", "御中", "殿", "先生", "スタッフ一同",
    "一同", "チーム", "グループ採用", "選考", "委員会", "インターン", "マイページ",
];

/// Words in hiragana before which a name ends.
pub(super) const PARTICLES: &[&str] = &[
    "です", "でございます", "でご", "と申します", "と申", "より", "から", "では", "には", "への", "での", "との", "へ", "に",
    "を", "は", "が", "の", "と", "も", "で", "という", "として", "による", "および", "または", "など", "にて",
];

/// Words in one run of characters with a position, which it begins behind or ends before.
pub(super) const AROUND_POSTS: &[&str] = &[
    "採用", "募集", "選考", "応募", "職種", "試験", "求人", "公募", "新卒", "中途", "弊社", "当社", "当院", "本学", "当法人",
    "今回", "今般", "先日", "年度", "面接", "面談", "担当者", "株式会社", "有限会社", "合同会社", "枠", "ポジション", "正社員",
    "契約社員", "人事課", "人事部", "総務部", "総務課", "結果", "通知", "案内", "貴殿", "会社", "当園", "当館", "当店", "本校",
    "当校", "当施設", "審査", "エントリー", "内定", "期生", "コース", "職", "希望", "書類", "一次", "二次", "最終", "様", "として",
    "について", "につきまして", "アルバイト", "パート", "インターン", "キャリア", "区分", "部門", "勤務",
];
