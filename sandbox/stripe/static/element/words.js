// The words of the frames in four languages. English is the key's own language, and what an unknown locale gets.
const WORDS = {
  "card": { en: "Card", es: "Tarjeta", fr: "Carte", de: "Karte" },
  "bank": { en: "US bank account", es: "Cuenta bancaria de EE. UU.", fr: "Compte bancaire américain", de: "US-Bankkonto" },
  "saved": { en: "Saved", es: "Guardados", fr: "Enregistrés", de: "Gespeichert" },
  "saved.choose": { en: "Choose a saved payment method", es: "Elige un método de pago guardado", fr: "Choisissez un moyen de paiement enregistré", de: "Gespeicherte Zahlungsmethode wählen" },
  "saved.until": { en: "until", es: "hasta", fr: "jusqu’au", de: "bis" },
  "saved.remove": { en: "Remove", es: "Eliminar", fr: "Supprimer", de: "Entfernen" },
  "number": { en: "Card number", es: "Número de tarjeta", fr: "Numéro de carte", de: "Kartennummer" },
  "expiry": { en: "Expiration date", es: "Fecha de caducidad", fr: "Date d’expiration", de: "Ablaufdatum" },
  "expiry.hint": { en: "MM / YY", es: "MM / AA", fr: "MM / AA", de: "MM / JJ" },
  "cvc": { en: "Security code", es: "Código de seguridad", fr: "Code de sécurité", de: "Prüfziffer" },
  "country": { en: "Country", es: "País", fr: "Pays", de: "Land" },
  "zip": { en: "ZIP code", es: "Código postal", fr: "Code postal", de: "Postleitzahl" },
  "postal": { en: "Postal code", es: "Código postal", fr: "Code postal", de: "Postleitzahl" },
  "name": { en: "Full name", es: "Nombre completo", fr: "Nom complet", de: "Vollständiger Name" },
  "name.hint": { en: "First and last name", es: "Nombre y apellidos", fr: "Prénom et nom", de: "Vor- und Nachname" },
  "email": { en: "Email", es: "Correo electrónico", fr: "E-mail", de: "E-Mail" },
  "email.hint": { en: "you@example.com", es: "tu@ejemplo.com", fr: "vous@exemple.com", de: "sie@beispiel.de" },
  "account": { en: "Bank account", es: "Cuenta bancaria", fr: "Compte bancaire", de: "Bankkonto" },
  "account.connect": { en: "Connect your bank account", es: "Conecta tu cuenta bancaria", fr: "Connectez votre compte bancaire", de: "Bankkonto verbinden" },
  "account.change": { en: "Change", es: "Cambiar", fr: "Modifier", de: "Ändern" },
  "keep.card": { en: "Save this card for future payments", es: "Guardar esta tarjeta para futuros pagos", fr: "Enregistrer cette carte pour de futurs paiements", de: "Diese Karte für künftige Zahlungen speichern" },
  "keep.bank": { en: "Save this account for future payments", es: "Guardar esta cuenta para futuros pagos", fr: "Enregistrer ce compte pour de futurs paiements", de: "Dieses Konto für künftige Zahlungen speichern" },
  "terms.card": {
    en: "By providing your card information, you allow {name} to charge your card for future payments in accordance with their terms.",
    es: "Al facilitar los datos de tu tarjeta, permites que {name} efectúe cargos en ella por futuros pagos según sus condiciones.",
    fr: "En fournissant les informations de votre carte, vous autorisez {name} à la débiter pour de futurs paiements selon ses conditions.",
    de: "Mit der Angabe Ihrer Kartendaten erlauben Sie {name}, Ihre Karte für künftige Zahlungen gemäß den Bedingungen zu belasten.",
  },
  "terms.bank": {
    en: "By paying, you authorize {name} to debit the bank account above for the amount shown. The debit takes up to four business days to clear. You can revoke this authorization by contacting {name} at any time.",
    es: "Al pagar, autorizas a {name} a adeudar en la cuenta bancaria anterior el importe indicado. El adeudo tarda hasta cuatro días hábiles. Puedes revocar esta autorización poniéndote en contacto con {name}.",
    fr: "En payant, vous autorisez {name} à débiter le compte bancaire ci-dessus du montant indiqué. Le débit prend jusqu’à quatre jours ouvrés. Vous pouvez révoquer cette autorisation en contactant {name}.",
    de: "Mit der Zahlung ermächtigen Sie {name}, das obige Bankkonto mit dem angezeigten Betrag zu belasten. Die Lastschrift dauert bis zu vier Werktage. Sie können diese Ermächtigung jederzeit bei {name} widerrufen.",
  },
  "terms.bank.future": {
    en: "By paying, you authorize {name} to debit the bank account above for the amount shown and for future payments you agree to. The debit takes up to four business days to clear. You can revoke this authorization by contacting {name} at any time.",
    es: "Al pagar, autorizas a {name} a adeudar en la cuenta bancaria anterior el importe indicado y los futuros pagos que aceptes. El adeudo tarda hasta cuatro días hábiles. Puedes revocar esta autorización poniéndote en contacto con {name}.",
    fr: "En payant, vous autorisez {name} à débiter le compte bancaire ci-dessus du montant indiqué et des futurs paiements que vous accepterez. Le débit prend jusqu’à quatre jours ouvrés. Vous pouvez révoquer cette autorisation en contactant {name}.",
    de: "Mit der Zahlung ermächtigen Sie {name}, das obige Bankkonto mit dem angezeigten Betrag und mit künftigen Zahlungen, denen Sie zustimmen, zu belasten. Die Lastschrift dauert bis zu vier Werktage. Sie können diese Ermächtigung jederzeit bei {name} widerrufen.",
  },
  "incomplete_number": { en: "Your card number is incomplete.", es: "El número de tu tarjeta está incompleto.", fr: "Le numéro de votre carte est incomplet.", de: "Ihre Kartennummer ist unvollständig." },
  "invalid_number": { en: "Your card number is invalid.", es: "El número de tu tarjeta no es válido.", fr: "Le numéro de votre carte n’est pas valide.", de: "Ihre Kartennummer ist ungültig." },
  "incomplete_expiry": { en: "Your card's expiration date is incomplete.", es: "La fecha de caducidad de tu tarjeta está incompleta.", fr: "La date d’expiration de votre carte est incomplète.", de: "Das Ablaufdatum Ihrer Karte ist unvollständig." },
  "invalid_expiry_month": { en: "Your card's expiration month is invalid.", es: "El mes de caducidad de tu tarjeta no es válido.", fr: "Le mois d’expiration de votre carte n’est pas valide.", de: "Der Ablaufmonat Ihrer Karte ist ungültig." },
  "invalid_expiry_month_past": { en: "Your card's expiration date is in the past.", es: "La fecha de caducidad de tu tarjeta ya pasó.", fr: "La date d’expiration de votre carte est passée.", de: "Das Ablaufdatum Ihrer Karte liegt in der Vergangenheit." },
  "invalid_expiry_year_past": { en: "Your card's expiration year is in the past.", es: "El año de caducidad de tu tarjeta ya pasó.", fr: "L’année d’expiration de votre carte est passée.", de: "Das Ablaufjahr Ihrer Karte liegt in der Vergangenheit." },
  "invalid_expiry_year": { en: "Your card's expiration year is invalid.", es: "El año de caducidad de tu tarjeta no es válido.", fr: "L’année d’expiration de votre carte n’est pas valide.", de: "Das Ablaufjahr Ihrer Karte ist ungültig." },
  "incomplete_cvc": { en: "Your card's security code is incomplete.", es: "El código de seguridad de tu tarjeta está incompleto.", fr: "Le code de sécurité de votre carte est incomplet.", de: "Die Prüfziffer Ihrer Karte ist unvollständig." },
  "incomplete_zip": { en: "Your ZIP code is incomplete.", es: "Tu código postal está incompleto.", fr: "Votre code postal est incomplet.", de: "Ihre Postleitzahl ist unvollständig." },
  "incomplete_postal_code": { en: "Your postal code is incomplete.", es: "Tu código postal está incompleto.", fr: "Votre code postal est incomplet.", de: "Ihre Postleitzahl ist unvollständig." },
  "incomplete_name": { en: "Enter your full name.", es: "Indica tu nombre completo.", fr: "Indiquez votre nom complet.", de: "Geben Sie Ihren vollständigen Namen ein." },
  "incomplete_email": { en: "Enter your email address in full.", es: "Indica tu correo electrónico completo.", fr: "Indiquez votre adresse e-mail complète.", de: "Geben Sie Ihre vollständige E-Mail-Adresse ein." },
  "incomplete_bank_account": { en: "Connect a bank account to pay from.", es: "Conecta la cuenta bancaria con la que pagar.", fr: "Connectez le compte bancaire à débiter.", de: "Verbinden Sie das Bankkonto, von dem Sie zahlen." },
  "incomplete": { en: "Choose a payment method.", es: "Elige un método de pago.", fr: "Choisissez un moyen de paiement.", de: "Wählen Sie eine Zahlungsmethode." },
  "incomplete_line1": { en: "Enter the street and number.", es: "Indica la calle y el número.", fr: "Indiquez le numéro et la rue.", de: "Geben Sie Straße und Hausnummer ein." },
  "incomplete_city": { en: "Enter the city.", es: "Indica la ciudad.", fr: "Indiquez la ville.", de: "Geben Sie den Ort ein." },
  "incomplete_phone": { en: "Enter a phone number.", es: "Indica un teléfono.", fr: "Indiquez un numéro de téléphone.", de: "Geben Sie eine Telefonnummer ein." },
  "line1": { en: "Address", es: "Dirección", fr: "Adresse", de: "Straße und Hausnummer" },
  "line2": { en: "Apartment, suite (optional)", es: "Piso, puerta (opcional)", fr: "Appartement (facultatif)", de: "Zusatz (optional)" },
  "city": { en: "City", es: "Ciudad", fr: "Ville", de: "Ort" },
  "state": { en: "State or region", es: "Estado o provincia", fr: "État ou région", de: "Bundesland oder Region" },
  "phone": { en: "Phone number", es: "Teléfono", fr: "Téléphone", de: "Telefon" },
  "generic_decline": { en: "Your card was declined.", es: "Tu tarjeta ha sido rechazada.", fr: "Votre carte a été refusée.", de: "Ihre Karte wurde abgelehnt." },
  "insufficient_funds": { en: "Your card has insufficient funds.", es: "Tu tarjeta no tiene fondos suficientes.", fr: "Votre carte ne dispose pas de fonds suffisants.", de: "Ihre Karte weist nicht genügend Deckung auf." },
  "expired_card": { en: "Your card has expired.", es: "Tu tarjeta ha caducado.", fr: "Votre carte est expirée.", de: "Ihre Karte ist abgelaufen." },
  "incorrect_cvc": { en: "Your card's security code is incorrect.", es: "El código de seguridad de tu tarjeta es incorrecto.", fr: "Le code de sécurité de votre carte est incorrect.", de: "Die Prüfziffer Ihrer Karte ist falsch." },
  "load": { en: "The payment form could not be loaded. Reload the page to try again.", es: "No se ha podido cargar el formulario de pago. Vuelve a cargar la página.", fr: "Le formulaire de paiement n’a pas pu être chargé. Rechargez la page.", de: "Das Zahlungsformular konnte nicht geladen werden. Laden Sie die Seite neu." },
  "pay.with": { en: "Pay with {name}", es: "Pagar con {name}", fr: "Payer avec {name}", de: "Mit {name} bezahlen" },
};
const SPOKEN = ["en", "es", "fr", "de"];
let language = "en";

/** Choose the language of a locale ("auto" is the browser's) and put the words of the page into it. */
export function speak(locale) {
  const wanted = (!locale || locale === "auto" ? navigator.language : locale).slice(0, 2).toLowerCase();
  language = SPOKEN.includes(wanted) ? wanted : "en";
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-hint]")) node.placeholder = t(node.dataset.tHint);
  const names = new Intl.DisplayNames([language], { type: "region" });
  for (const option of document.querySelectorAll("#country option")) option.textContent = names.of(option.value);
}

/** Return the words of a key, with names filled in. */
export function t(key, names = {}) {
  const words = WORDS[key]?.[language] ?? WORDS[key]?.en ?? "";
  return words.replace(/\{(\w+)\}/g, (_, name) => names[name]);
}

/** Tell whether there are words for a key. */
export const known = (key) => key in WORDS;
