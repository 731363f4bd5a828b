export async function openStage() {}
