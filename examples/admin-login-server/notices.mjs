// The texts of pages that only report: what happened, why, and what to do.

export const signedOut = { title: "U bent uitgelogd", text: "Tot ziens.", action: "U kunt dit venster sluiten." };
export const notFound = { title: "Niet gevonden", text: "Deze pagina is er niet.", action: "Kijk het adres na." };
export const failed = {
  title: "Er ging iets mis",
  text: "Door een fout bij ons kan deze pagina niet worden getoond.",
  action: "Probeer het later nog eens, of vraag het de beheerder.",
};
export const unavailable = {
  title: "Even niet beschikbaar",
  text: "De gegevens zijn nu niet bereikbaar.",
  action: "Probeer het over een paar seconden nog eens.",
};
export const foreignForm = {
  title: "Niet uitgevoerd",
  text: "Dit verzoek kwam niet van een pagina van dit beheer, of van een pagina die te oud is.",
  action: "Ga terug naar het begin, en probeer het van daaruit nog eens.",
};
export const sessionOver = {
  title: "U bent niet meer ingelogd",
  text: "Uw sessie is voorbij. Wat u verstuurde, is niet uitgevoerd.",
  action: "Ga naar het begin, log opnieuw in, en probeer het nog eens.",
};
export const tooLarge = {
  title: "Te veel ingevuld",
  text: "Het formulier is groter dan we aannemen.",
  action: "Ga terug en vul minder in.",
};
export const brokenForm = {
  title: "Niet uitgevoerd",
  text: "Het formulier is niet heel aangekomen.",
  action: "Ga terug, en verstuur het nog eens.",
};
export const noForm = {
  title: "Niet uitgevoerd",
  text: "Wat werd verstuurd, is geen formulier.",
  action: "Ga naar het begin, en vul daar het formulier in.",
};
