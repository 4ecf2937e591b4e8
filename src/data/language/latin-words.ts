// Languages in Latin letters: the words that any text has, and the letters that few others write.

/** What speaks for a language. */
export interface LatinLanguage {
  readonly language: string;
  readonly words: ReadonlySet<string>;
  /** Each counts as a word. */
  readonly letters: RegExp;
}

const describe = (language: string, words: string, letters: RegExp): LatinLanguage => ({
  language,
  words: new Set(words.split(" ")),
  letters,
});
const none = /(?!)/g;

export const LATIN_LANGUAGES: readonly LatinLanguage[] = [
  describe(
    "en",
    "the of and to in is that it was for on are as with his they at be this have from or had by not but what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see no way could people my than first been call who its now find down day did get come made may part he you i me our us after before again over under because please where here very just also only any most such does don't it's",
    none,
  ),
  describe(
    "vi",
    "và của là có các được cho trong không một với những này người đã khi đến từ cũng để ra về như nhà tôi nên ở trời cả ngày sách đọc hôm qua mưa anh em chị chúng ta họ rất nhiều đó thì mà bị vào lại sẽ đang phải hay nếu vì làm việc năm",
    /[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/g,
  ),
  describe(
    "fr",
    "le la les de des du et un une est en que qui dans pour pas sur au aux par plus ne se ce cette ces il elle nous vous ils elles avec sont mais ou où son sa ses leur leurs mon ma mes notre votre été être avoir fait comme tout tous bien encore alors très sans sous deux même aussi peut quand donc on était ont avait y d'un d'une c'est qu'il l'on je tu",
    /[œçêèùîôëï]|[dlcjnqs]['’](?=[aeiouhéèê])/g,
  ),
  describe(
    "de",
    "der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde sei ich wir ihr mich uns wieder also gingen hatte sehr schon wenn kann doch hier unter gegen vom ihre seine keine mein dein kein",
    /[ßäöü]/g,
  ),
  describe(
    "es",
    "de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros ese eso ante ellos e esto mí antes algunos qué unos yo otro otras otra él tanto esa estos mucho quienes nada muchos cual poco ella estar es son fue era ha han está están vez volvimos tiene hace años",
    /[ñ¿¡]/g,
  ),
  describe(
    "pt",
    "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem nas me esse eles estão você tinha foram essa num nem suas meu às minha têm numa pelos elas havia seja qual nós lhe deles essas esses pelas este dele",
    /[ãõ]/g,
  ),
  describe(
    "it",
    "di e il la che in a per un è del non una le si da con i al dei come più della sono nel ma lo alla anche ha gli su o se delle ci questo nella tra tutto suo loro era molto essere stato fatto ancora così perché quando dopo senza sempre mi ti ho abbiamo siamo degli dal dalla uno due quella quello sua suoi noi lui lei dove poi già",
    /[ò]|(?:zione|gli)\b/g,
  ),
  describe(
    "nl",
    "de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem dan zou of wat mijn men dit zo door over ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft hebben deze u want nog zal me zij nu ge geen omdat iets worden toch al waren veel meer doen toen moet ben zonder kan hun dus alles onder ja eens hier wie werd altijd doch wordt wij we",
    /ij/g,
  ),
  describe(
    "id",
    "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena tersebut bisa ada mereka lebih sudah atau seperti kita oleh kami dia adalah telah anda sebagai sangat hari kamu apa orang satu bukan hanya saat belum setelah lagi masih banyak",
    none,
  ),
  describe(
    "tr",
    "ve bir bu da de için ile ne çok daha gibi ama o var ben sen biz mi kadar olan olarak sonra her değil ki en diye şey kendi iki yok ya veya ancak göre bütün nasıl onun bana evde",
    /[ğış]/g,
  ),
  describe(
    "pl",
    "i w na z do się nie to że jest o jak za co od po ale czy tak już przez dla tylko był było są być może jego ich jej ten ta te tego który która które kiedy bardzo jeszcze ma przed pod oraz też więc albo my wy oni mnie nas",
    /[ąćęłńśźż]/g,
  ),
];
