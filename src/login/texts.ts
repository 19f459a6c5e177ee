import type { RefusalCode } from "./refusal-codes.js";

export type LoginLanguage = "nl" | "en";

/** The text of a page: what happened, and what to do now. */
interface RefusalText {
  readonly title: string;
  readonly text: string;
  readonly action: string;
}

const opnieuw = "Begin opnieuw met inloggen.";
const again = "Start logging in again.";
const beheerder = "Neem contact op met de beheerder van deze omgeving.";
const administrator = "Ask the administrator of this environment for help.";

/** Whether there are texts in a language that a request asks for. */
export function isLanguage(name: unknown): name is LoginLanguage {
  return typeof name === "string" && Object.hasOwn(texts, name);
}

/** None of these contains anything from a request or a provider. */
export const texts: Readonly<Record<LoginLanguage, Readonly<Record<RefusalCode, RefusalText>>>> = {
  nl: {
    state_invalid: {
      title: "Inloggen niet gelukt",
      text: "Het inloggen is niet in deze browser begonnen, of de browser heeft de gegevens ervan niet bewaard.",
      action: `${opnieuw} Sta cookies toe voor deze website.`,
    },
    state_expired: {
      title: "Inloggen duurde te lang",
      text: "De inlogpagina heeft te lang opengestaan.",
      action: opnieuw,
    },
    state_used: {
      title: "Al eerder gebruikt",
      text: "Deze poging om in te loggen is al afgerond en kan niet nog eens worden gebruikt.",
      action: `Ga naar de startpagina. Bent u daar niet ingelogd? ${opnieuw}`,
    },
    callback_invalid: {
      title: "Inloggen niet gelukt",
      text: "Het antwoord dat uw browser heeft doorgegeven, hoort niet bij een inlogpoging.",
      action: opnieuw,
    },
    issuer_mismatch: {
      title: "Inloggen gestopt",
      text: "Het antwoord komt niet van de inlogdienst waar u naartoe was gestuurd.",
      action: `${opnieuw} Gebeurt dit vaker? Meld het bij de beheerder van deze omgeving.`,
    },
    code_refused: {
      title: "Inloggen niet gelukt",
      text: "Het antwoord van de inlogdienst was verlopen of al eens gebruikt.",
      action: opnieuw,
    },
    provider_refused: {
      title: "Inloggen afgebroken",
      text: "De inlogdienst heeft u niet ingelogd, of u hebt het inloggen zelf gestopt.",
      action: `${opnieuw} Lukt het dan weer niet? Vraag de beheerder of u toegang hebt.`,
    },
    provider_failed: {
      title: "Fout bij de inlogdienst",
      text: "De inlogdienst gaf een fout in plaats van een antwoord.",
      action: `Probeer het later opnieuw. Blijft dit zo? ${beheerder}`,
    },
    configuration_rejected: {
      title: "Inloggen niet goed ingesteld",
      text: "De inlogdienst weigert de instellingen van deze omgeving. Opnieuw proberen helpt pas als de instellingen zijn aangepast.",
      action: `${beheerder} In het logboek staat wat er moet veranderen.`,
    },
    provider_unavailable: {
      title: "Inlogdienst niet beschikbaar",
      text: "De inlogdienst is op dit moment niet bereikbaar of geeft geen bruikbaar antwoord.",
      action: `Probeer het over een paar minuten opnieuw. Blijft dit zo? ${beheerder}`,
    },
    identity_unverified: {
      title: "Inloggen gestopt",
      text: "Wat de inlogdienst over u zegt, kon niet worden gecontroleerd.",
      action: `${opnieuw} Lukt het dan weer niet? ${beheerder}`,
    },
    sign_in_not_fresh: {
      title: "Opnieuw inloggen niet bevestigd",
      text: "Hier is nodig dat u kort geleden hebt ingelogd, en de inlogdienst heeft dat niet bevestigd.",
      action: `${opnieuw} Lukt het dan weer niet? ${beheerder}`,
    },
    user_refused: {
      title: "Geen account",
      text: "Met de gegevens van de inlogdienst kan hier geen account worden gevonden of aangemaakt.",
      action: beheerder,
    },
    groups_overage: {
      title: "Groepen onbekend",
      text: "De inlogdienst zegt niet in welke groepen u zit, omdat het er te veel zijn. Daarom is niet bekend wat u hier mag.",
      action: beheerder,
    },
    user_not_linked: {
      title: "Account niet gekoppeld",
      text: "Er is hier een account met uw gebruikersnaam, maar het is niet aan u bij deze inlogdienst gekoppeld.",
      action: "Vraag de beheerder van deze omgeving om het met sign_in aan u te koppelen, als het uw account is.",
    },
    user_inactive: {
      title: "Account niet actief",
      text: "Uw account is hier niet actief.",
      action: `${beheerder} Die kan het weer actief maken.`,
    },
    user_not_staff: {
      title: "Geen toegang",
      text: "Uw account heeft geen toegang tot deze pagina's.",
      action: `Hebt u toegang nodig? ${beheerder}`,
    },
    client_disabled: {
      title: "Inloggen staat uit",
      text: "Inloggen via de inlogdienst is hier uitgezet.",
      action: beheerder,
    },
    not_configured: {
      title: "Inloggen niet ingesteld",
      text: "Inloggen via de inlogdienst is hier niet of niet goed ingesteld.",
      action: beheerder,
    },
    password_refused: {
      title: "Inloggen niet gelukt",
      text: "De gebruikersnaam en het wachtwoord horen niet bij een account dat hier zo mag inloggen.",
      action: "Controleer beide en probeer het opnieuw, of log in via de inlogdienst.",
    },
    too_many_attempts: {
      title: "Te veel pogingen",
      text: "Er is te vaak met een verkeerd wachtwoord geprobeerd in te loggen.",
      action: "Wacht vijf minuten en probeer het dan opnieuw.",
    },
  },
  en: {
    state_invalid: {
      title: "Not logged in",
      text: "This login did not start in this browser, or the browser did not keep its data.",
      action: `${again} Allow cookies for this site.`,
    },
    state_expired: {
      title: "Logging in took too long",
      text: "The login page was open for too long.",
      action: again,
    },
    state_used: {
      title: "Already used",
      text: "This login has already ended and can't be used again.",
      action: `Go to the home page. Not logged in there? ${again}`,
    },
    callback_invalid: {
      title: "Not logged in",
      text: "The response from your browser does not belong to a login.",
      action: again,
    },
    issuer_mismatch: {
      title: "Login stopped",
      text: "The response does not come from the login service that you were sent to.",
      action: `${again} Does it happen again? Tell the administrator of this environment.`,
    },
    code_refused: {
      title: "Not logged in",
      text: "The response of the login service had expired or was already used.",
      action: again,
    },
    provider_refused: {
      title: "Login ended",
      text: "The login service did not log you in, or you cancelled the login.",
      action: `${again} Does it fail again? Ask the administrator whether you have access.`,
    },
    provider_failed: {
      title: "The login service failed",
      text: "The login service returned an error.",
      action: `Try again later. Does the problem persist? ${administrator}`,
    },
    configuration_rejected: {
      title: "Login is not set up correctly",
      text: "The login service rejects the settings of this environment. Trying again only helps after they are corrected.",
      action: `${administrator} The log shows what to change.`,
    },
    provider_unavailable: {
      title: "The login service is unavailable",
      text: "The login service can't be reached or does not respond correctly at the moment.",
      action: `Try again in a few minutes. Does the problem persist? ${administrator}`,
    },
    identity_unverified: {
      title: "Login stopped",
      text: "The information from the login service about you could not be verified.",
      action: `${again} Does it fail again? ${administrator}`,
    },
    sign_in_not_fresh: {
      title: "Recent login not confirmed",
      text: "This requires that you logged in a short time ago, and the login service did not confirm that.",
      action: `${again} Does it fail again? ${administrator}`,
    },
    user_refused: {
      title: "No account",
      text: "No account can be found or created here from the information of the login service.",
      action: administrator,
    },
    groups_overage: {
      title: "Groups unknown",
      text: "The login service does not list your groups, because there are too many. Your permissions here are therefore unknown.",
      action: administrator,
    },
    user_not_linked: {
      title: "Account not linked",
      text: "There is an account with your username, but it is not linked to you at this login service.",
      action: "If it is yours, ask the administrator of this environment to link it to you with sign_in.",
    },
    user_inactive: {
      title: "Account not active",
      text: "Your account is not active here.",
      action: `${administrator} They can activate it again.`,
    },
    user_not_staff: {
      title: "No access",
      text: "Your account has no access to these pages.",
      action: `Do you need access? ${administrator}`,
    },
    client_disabled: {
      title: "Login is turned off",
      text: "Login through the login service is turned off here.",
      action: administrator,
    },
    not_configured: {
      title: "Login is not set up",
      text: "Login through the login service is not set up correctly here.",
      action: administrator,
    },
    password_refused: {
      title: "Not logged in",
      text: "The username and password do not match an account that may log in this way.",
      action: "Check both and try again, or log in through the login service.",
    },
    too_many_attempts: {
      title: "Too many attempts",
      text: "There were too many login attempts with a wrong password.",
      action: "Wait five minutes, then try again.",
    },
  },
};
